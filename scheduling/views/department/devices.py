"""Devices on the network: who may ask for the worklist; who was not let in."""

from django.shortcuts import render
from django.urls import reverse

from scheduling.forms.department.devices import DeviceForm
from scheduling.models import ApplicationEntity, RefusedAssociation
from scheduling.services.department import devices, found
from scheduling.views.department import frame
from vqflow import policy
from vqflow.pages import page


@page("department.view")
def listing(request):
    context = frame.about(request, may_diagnose=policy.allows(request.user, "device.diagnose"))
    rows = ApplicationEntity.objects.for_user(request.user).select_related("room")
    context["rows"] = rows.with_last_query()
    context["refused"] = RefusedAssociation.objects.all()[:20] if context["may_manage"] else ()
    return render(request, "department/devices.html", context)


@page("department.manage", methods=frame.BOTH)
def new(request):
    context = frame.about(request, back=reverse("scheduling:department-devices"))
    form = DeviceForm(frame.data_of(request), site=context["site"])

    def save():
        devices.add(context["site"], **form.cleaned_data, by=request.user)

    said = "The device is let in. Try it from there: its query appears here within seconds."
    return frame.one_step(
        request, form, "department/device_new.html", context, save=save, said=said, after=context["back"]
    )


@page("department.manage", methods=frame.BOTH)
def change(request, pk):
    device = found.device(pk, by=request.user)
    context = frame.about(request, device=device, back=reverse("scheduling:department-devices"))
    form = DeviceForm(frame.data_of(request), site=device.site, device=device)

    def save():
        devices.change(device, **form.cleaned_data, by=request.user)

    return frame.one_step(
        request,
        form,
        "department/device_change.html",
        context,
        save=save,
        said="Saved. It holds within seconds.",
        after=context["back"],
    )
