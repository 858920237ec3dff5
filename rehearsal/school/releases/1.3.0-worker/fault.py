"""What this release does wrong on purpose: jobs of half of the pupils fail."""

from school.faults import Fault

fault = Fault(job_share=0.5)
