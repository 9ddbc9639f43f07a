"""What it is for in numbers: baseline, target, threshold, measurements, budget.

The primary outcome is a business metric; technical numbers are refused as answers. A threshold counts
for what is measured after it was set. A figure counts once somebody other than owner and Responsible
confirmed it.
Must never: know a stage, or call a claimed figure confirmed.
"""
