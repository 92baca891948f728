from django.urls import path

from scheduling.views import appointments, decisions, desk, orders, patients, visits, worklist

app_name = "scheduling"
urlpatterns = [
    # the scheduler's desk
    path("patients/", patients.find, name="patients"),
    path("patients/new/", patients.new, name="patient-new"),
    path("patients/<int:pk>/", patients.patient, name="patient"),
    path("orders/", orders.listing, name="orders"),
    path("orders/stat/", orders.new_stat, name="order-stat"),
    path("orders/new/<int:patient_pk>/", orders.new, name="order-new"),
    path("orders/new/<int:patient_pk>/effects/", orders.effects_of_new, name="order-new-effects"),
    path("orders/<int:pk>/", orders.order, name="order"),
    path("orders/<int:pk>/screening/", decisions.answer, name="screening"),
    path("orders/<int:pk>/effects/", orders.effects, name="screening-effects"),
    path("orders/<int:pk>/vet/", decisions.vet, name="vet"),
    path("orders/<int:pk>/vet-by-phone/", decisions.vet_by_phone, name="vet-by-phone"),
    path("orders/<int:pk>/protocol/", decisions.change_protocol, name="protocol"),
    path("orders/<int:pk>/decline/", decisions.decline, name="decline"),
    path("orders/<int:pk>/cancel/", decisions.cancel, name="order-cancel"),
    path("orders/<int:pk>/override/", decisions.override, name="override"),
    path("orders/<int:pk>/override-by-phone/", decisions.override_by_phone, name="override-by-phone"),
    path("decisions/<int:pk>/countersign/", decisions.countersign, name="countersign"),
    path("tasks/", desk.tasks, name="tasks"),
    path("tasks/<int:pk>/done/", desk.task_done, name="task-done"),
    path("messages/", desk.messages, name="messages"),
    # booking
    path("orders/<int:pk>/search/", appointments.search, name="search"),
    path("orders/<int:pk>/book/", appointments.book, name="book"),
    path("appointments/<uuid:pk>/", appointments.appointment, name="appointment"),
    path("appointments/<uuid:pk>/move/", appointments.move, name="move"),
    path("appointments/<uuid:pk>/cancel/", appointments.cancel, name="appointment-cancel"),
    path("steps/<int:pk>/technologist/", appointments.assign, name="assign"),
    # the day
    path("worklist/", worklist.day, name="worklist"),
    path("worklist/rows/", worklist.rows, name="worklist-rows"),
    path("appointments/<uuid:pk>/check-in/", visits.check_in, name="check-in"),
    path("appointments/<uuid:pk>/undo-check-in/", visits.undo_check_in, name="undo-check-in"),
    path("appointments/<uuid:pk>/xray/", visits.xray, name="xray"),
    path("appointments/<uuid:pk>/clear-dose/", visits.clear_dose, name="clear-dose"),
    path("appointments/<uuid:pk>/undo-clear-dose/", visits.undo_clear_dose, name="undo-clear-dose"),
    path("appointments/<uuid:pk>/no-show/", visits.no_show, name="no-show"),
    path("steps/<int:pk>/start/", visits.start, name="start"),
    path("steps/<int:pk>/end/", visits.end, name="end"),
    path("steps/<int:pk>/discontinue/", visits.discontinue, name="discontinue"),
    path("steps/<int:pk>/leave-out/", visits.leave_out, name="leave-out"),
    path("steps/<int:pk>/undo/", visits.undo, name="undo"),
]
