LANGUAGES = ()
def run(a): pass
