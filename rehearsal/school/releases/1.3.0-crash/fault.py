"""What this release does wrong on purpose: requests for one record in fifty end the process."""

from school.faults import Fault

fault = Fault(crash_share=0.02)
