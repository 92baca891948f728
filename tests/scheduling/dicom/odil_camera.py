"""A camera made of odil, which is no part of this environment: the machine's own Python runs this file.

Reads JSON: {"port", "calling", "called", "messages": [{"uid", "values"}, ...]}; a message whose values have a start is
an N-CREATE, any other an N-SET. Prints the statuses that it was answered, as JSON.
"""

import json
import sys

import odil

MPPS, IMPLICIT = "1.2.840.10008.3.1.2.3.3", "1.2.840.10008.1.2"


def connected(asked):
    context = odil.AssociationParameters.PresentationContext(
        1, MPPS, [IMPLICIT], odil.AssociationParameters.PresentationContext.Role.SCU
    )
    parameters = odil.AssociationParameters()
    parameters.set_calling_ae_title(asked["calling"])
    parameters.set_called_ae_title(asked["called"])
    parameters.set_presentation_contexts([context])
    association = odil.Association()
    association.set_peer_host("127.0.0.1")
    association.set_peer_port(asked["port"])
    association.set_parameters(parameters)
    association.associate()
    return association


def data_set(values):
    found = odil.DataSet()
    for keyword, value in values.items():
        items = [data_set(each) if isinstance(each, dict) else each for each in value]
        found.add(getattr(odil.registry, keyword), items)
    return found


def said(number, message):
    values = data_set(message["values"])
    if "PerformedProcedureStepStartDate" not in message["values"]:
        return odil.messages.NSetRequest(number, MPPS, message["uid"], values)
    made = odil.messages.NCreateRequest(number, MPPS, values)
    made.set_affected_sop_instance_uid(message["uid"])
    return made


def main():
    asked = json.load(sys.stdin)
    association, statuses = connected(asked), []
    for number, message in enumerate(asked["messages"], 1):
        association.send_message(said(number, message), MPPS)
        answer = odil.messages.Response(association.receive_message())
        statuses.append(int(answer.get_status()))
    association.release()
    json.dump(statuses, sys.stdout)


if __name__ == "__main__":
    main()
