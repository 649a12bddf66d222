from pyflare.codegen.unsupported import Unsupported
def sort(op, builder, emit, produce):
    raise Unsupported("sort")
