"""The columns of a run's tables: type, unit or values, and meaning.

docs/outputs.md says the same for a reader, and a test compares the two.
"""

import pyarrow as pa

VERSION = 3
"""Raised whenever a column changes its name or meaning."""
FORMATS = ("png", "svg", "pdf")
"""In which figures are saved."""

_WHO = {
    "run": (pa.string(), "", "name of the run's folder"),
    "participant": (pa.int32(), "from 0", "number in the population"),
    "cell": (pa.string(), "", "the population's cell that the participant belongs to"),
    "orientation": (pa.string(), "", "the value that was given; `none` for a rule that pursues none"),
    "agent": (pa.string(), "", "kind of agent"),
    "model": (pa.string(), "", "chat model; `none` for a scripted rule"),
    "induction": (pa.string(), "", "how the value was worded; `none` for the control and for scripted rules"),
    "synthetic": (pa.bool_(), "", "true for a simulated respondent or a scripted rule, false for a language model"),
}
_LAYOUT = {
    "order": (pa.string(), "original, reversed, shuffled", "order of the options; amounts keep their own"),
    "labels": (pa.string(), "letters, numbers, amounts", "how options are named; an amount names itself"),
    "first": (pa.string(), "own, other", "whose points an option names first"),
    "currency": (pa.string(), "", "what points are called"),
}
COLUMNS: dict[str, dict[str, tuple[pa.DataType, str, str]]] = {
    "decisions": {
        **_WHO,
        "phase": (pa.string(), "before, play, after", "when the decision was put"),
        "repetition": (pa.int32(), "from 1", "administration of the measure; 1 in play"),
        "game": (pa.string(), "", "game or measure"),
        "stage": (pa.string(), "", "stage of the game, or block of the measure"),
        "round": (pa.int32(), "from 1", "round of the game; 1 in a measure"),
        "item": (pa.int32(), "from 1", "item of the measure; 0 in a game with one question a stage"),
        "group": (pa.int32(), "from 0", "group in its round; empty in a measure"),
        "seat": (pa.int32(), "from 0", "seat in the group"),
        "others": (pa.int32(), "", "how many others the `other` points are summed over"),
        "draw": (pa.int64(), "", "tells independent repetitions of the same question apart"),
        "options": (pa.string(), "JSON", "options as shown: label, act, own points, other points (their sum)"),
        **_LAYOUT,
        "option": (pa.string(), "", "the chosen act; empty where the reply failed"),
        "position": (pa.int32(), "from 1", "place of the chosen option as shown; empty where the reply failed"),
        "carried_out": (
            pa.string(),
            "",
            "the act that was carried out where noise replaced the chosen one; empty otherwise",
        ),
        "own": (pa.float64(), "points", "the chosen allocation to self, others' acts held at their last"),
        "other": (pa.float64(), "points", "the chosen allocation to the others together"),
        "cooperation": (pa.float64(), "0 to 1", "how cooperative the act is, by the game's definition"),
        "attainment": (pa.float64(), "0 to 1", "utility gained from worst to best option, under the orientation"),
        "cooperation_low": (
            pa.float64(),
            "0 to 1",
            "least cooperation that the reply leaves open; under `bound`, in play",
        ),
        "cooperation_high": (pa.float64(), "0 to 1", "greatest cooperation that the reply leaves open"),
        "attainment_low": (
            pa.float64(),
            "0 to 1",
            "least attainment that the reply leaves open; under `bound`, in play",
        ),
        "attainment_high": (pa.float64(), "0 to 1", "greatest attainment that the reply leaves open"),
        "payoff": (
            pa.float64(),
            "points",
            "earned in the stage, on each of its rows; empty if void or paid later",
        ),
        "others_payoff": (pa.float64(), "points", "earned by the co-players together"),
        "failure": (pa.string(), "", "why the reply is no answer; empty where it is one"),
        "attempts": (
            pa.int32(),
            "",
            "how often it was asked: more than 1 only where unreadable replies are asked again",
        ),
        "earlier": (pa.string(), "JSON", "failed attempts before this one: failure, reply"),
        "probabilities": (
            pa.string(),
            "JSON",
            "probability of each option as shown, where the model was asked for them",
        ),
        "readable": (pa.float64(), "0 to 1", "probability that the model put on the menu's labels altogether"),
        "reply": (pa.string(), "", "the reply's text; empty for scripted rules"),
        "preparation": (pa.string(), "JSON", "exchanges of the induction before this decision: asked, answered"),
        "calls": (pa.int32(), "", "model calls made for this decision, preparation included"),
        "tokens_in": (pa.int64(), "tokens", "read by the model, as counted by the endpoint"),
        "tokens_out": (pa.int64(), "tokens", "written by the model, as counted by the endpoint"),
        "latency": (pa.float64(), "seconds", "of the answering call"),
        "identity": (pa.string(), "", "the model's identity as its endpoint reports it"),
        "keys": (pa.string(), "JSON", "digests of its replies in the reply store, in the order asked"),
    },
    "measures": {
        **_WHO,
        "phase": (pa.string(), "before, after", "when the measure was administered"),
        "repetition": (pa.int32(), "from 1", "number of the administration"),
        "measure": (pa.string(), "", "which measure"),
        "draw": (pa.int64(), "", "tells administrations apart"),
        **_LAYOUT,
        "angle": (pa.float64(), "degrees", "by the measure's own scoring; empty where an item that it needs failed"),
        "obtained": (pa.string(), "choices, probabilities", "what the angle was computed from"),
        "spread": (
            pa.float64(),
            "degrees",
            "standard deviation of one administration's angle under the probabilities",
        ),
        "category": (pa.string(), "", "the class, by the measure's own classes"),
        "deviation": (pa.float64(), "degrees", "distance to the ideal respondents of the orientation; slider only"),
        "value_rationality": (pa.float64(), "0 to 1", "1 - deviation / largest attainable deviation; slider only"),
        "value_rationality_corrected": (pa.float64(), "up to 1", "the same with the chance level taken as 0"),
        "transitive": (pa.bool_(), "", "whether the preferences are acyclic"),
        "length": (pa.float64(), "points", "vector length"),
        "index": (pa.float64(), "0 to 1", "secondary index: 0 inequality averse, 1 joint gain"),
        "consistency": (pa.float64(), "0 to 1", "the measure's own consistency check"),
        "failed": (pa.int32(), "", "items whose reply failed"),
        "asked": (pa.int32(), "", "items in all"),
    },
    "rounds": {
        **_WHO,
        "game": (pa.string(), "", "which game"),
        "round": (pa.int32(), "from 1", "round of the game"),
        "group": (pa.int32(), "from 0", "group in its round"),
        "void": (pa.bool_(), "", "whether the round has no outcome because a reply in the group failed"),
        "left": (pa.bool_(), "", "whether the participant left in this round because its reply failed"),
        "payoff": (pa.float64(), "points", "earned in the round; empty where it is void"),
        "payoff_low": (pa.float64(), "points", "least that the round brought, or could have; under `bound`"),
        "payoff_high": (pa.float64(), "points", "greatest that the round brought, or could have; under `bound`"),
        "cooperation": (pa.float64(), "0 to 1", "of the participant's own act; empty without one"),
        "cooperation_low": (pa.float64(), "0 to 1", "least that the own act is, or could have been; under `bound`"),
        "cooperation_high": (pa.float64(), "0 to 1", "greatest that the own act is, or could have been; under `bound`"),
        "carried_out": (
            pa.float64(),
            "0 to 1",
            "cooperation of the act that took effect, noise included",
        ),
        "facts": (pa.string(), "JSON", "the round as the participant lived it, by the game's own names"),
    },
}
DERIVED: dict[str, dict[str, tuple[pa.DataType, str, str]]] = {
    "estimates": {
        **_WHO,
        "phase": (pa.string(), "before, play, after", "when the choices were made"),
        "game": (pa.string(), "", "game or measure"),
        "choices": (pa.int32(), "", "readable choices that it rests on"),
        "best_model": (pa.string(), "chance, ring, inequality aversion", "with the least AIC"),
        "ring_status": (pa.string(), "", "what the ring model's estimate stands on; see below"),
        "ring_angle": (pa.float64(), "degrees", "φ of maximum likelihood; only with status estimated"),
        "ring_angle_se": (pa.float64(), "degrees", "its standard error"),
        "ring_angle_low": (pa.float64(), "degrees", "lower end of its profile-likelihood interval"),
        "ring_angle_high": (pa.float64(), "degrees", "upper end, up to 360 above the lower: then the whole circle"),
        "explains_low": (
            pa.float64(),
            "degrees",
            "with status separated: angles that explain every choice begin here",
        ),
        "explains_high": (pa.float64(), "degrees", "and end here"),
        "precision": (pa.float64(), "per point", "λ of maximum likelihood; only with status estimated"),
        "precision_se": (pa.float64(), "per point", "its standard error"),
        "precision_low": (pa.float64(), "per point", "lower end of its profile-likelihood interval"),
        "precision_high": (pa.float64(), "per point", "upper end; empty where there is none"),
        "aversion_status": (pa.string(), "", "what the estimate of inequality aversion stands on"),
        "envy": (pa.float64(), "points per point", "α of Fehr & Schmidt (1999): own points given up per point behind"),
        "envy_se": (pa.float64(), "points per point", "its standard error"),
        "guilt": (pa.float64(), "points per point", "β: own points given up per point ahead"),
        "guilt_se": (pa.float64(), "points per point", "its standard error"),
        "log_likelihood_chance": (pa.float64(), "", "of choosing at random"),
        "log_likelihood_ring": (pa.float64(), "", "of the ring model"),
        "log_likelihood_aversion": (pa.float64(), "", "of inequality aversion"),
        "aic_ring": (pa.float64(), "", "Akaike's criterion of the ring model; less is better"),
        "aic_aversion": (pa.float64(), "", "Akaike's criterion of inequality aversion"),
        "pseudo_r2_ring": (pa.float64(), "0 to 1", "McFadden's: 0 as good as chance, 1 every choice certain"),
    },
}
"""Tables that the report computes from the others."""
SCHEMAS = {
    table: pa.schema([(name, kind) for name, (kind, _, _) in columns.items()]) for table, columns in COLUMNS.items()
}
