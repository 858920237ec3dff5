"""What this release does wrong on purpose: requests for half of the records fail."""

from school.faults import Fault

fault = Fault(error_share=0.5)
