"""The registry of samplers: name -> "module:Class". Importing it imports no sampler.

A sampler is a subclass of `rliable.tuning.samplers.base.Sampler`; a study file may name one of the user's own, or a
class that keeps the contract of Optuna's samplers.
"""

SAMPLERS: dict[str, str] = {
    "random": "rliable.tuning.samplers.numbered:RandomSearch",
    "grid": "rliable.tuning.samplers.numbered:Grid",
    "qmc": "rliable.tuning.samplers.numbered:QuasiMonteCarlo",
    "tpe": "rliable.tuning.samplers.learning:TPE",
    "cmaes": "rliable.tuning.samplers.learning:CMAES",
    "gp": "rliable.tuning.samplers.learning:GaussianProcess",
}
