//! Days that once broke a promise, as they were shrunk; and breakages that the model must see.
