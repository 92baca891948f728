"""V/Q scan or CT angiography: the whole comparison, as a page of its own."""

from django.shortcuts import render

from scheduling.engine.comparison import TOPICS
from vqflow.pages import page


@page("comparison.view")
def comparison(request):
    return render(request, "scheduling/comparison.html", {"topics": TOPICS})
