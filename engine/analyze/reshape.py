"""."""
def pivot(node, analysis): raise NotImplementedError
def unpivot(node, analysis): raise NotImplementedError
