"""What this release does wrong on purpose: requests for 99 records in 100 take 0.8 s longer."""

from school.faults import Fault

fault = Fault(slow_share=0.99, slow_seconds=0.8)
