"""What this release does wrong on purpose: requests for one record in twenty fail."""

from school.faults import Fault

fault = Fault(error_share=0.05)
