"""."""
def statistic(node, analysis): raise NotImplementedError
