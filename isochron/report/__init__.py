"""The report of a run."""
def build_report(p): return "x"
def format_table(s): return "x"
