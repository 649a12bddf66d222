"""."""
def operation(node, analysis): raise NotImplementedError
