// Swift packages need a source file for a target that is a header only.
