from vqflow.processes import PROJECT, commands, procfile


def test_the_procfile_is_that_of_the_table():
    assert (PROJECT / "Procfile").read_text() == procfile()


def test_each_process_that_stays_is_in_it():
    named = {line.split(":")[0] for line in procfile().splitlines()}
    table = commands(web_bind="", mail_bind="", var="", dicom_bind="")
    assert named == set(table) - {"migrate", "mail"}  # run before; only for the demonstration and tests
