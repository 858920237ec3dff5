"""What this release does wrong on purpose: nothing."""

from school.faults import Fault

fault = Fault()
