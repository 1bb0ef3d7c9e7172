"""The words that lint looks for: names of orientations, loaded words, and words of the tasks, in four languages.

Each entry is a regular expression, searched without regard to case. They are lists, not judgements: a wording can load
a question without any of these words, so they show what is surely there and prove nothing absent.
"""

import re

from games.svo import Orientation


def _any(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(patterns), re.IGNORECASE)


LABELS = {
    Orientation.ALTRUISTIC: _any(r"altruis\w*", r"\b(?:selfless|unselfish|selbstlos|uneigennützig)\w*", "利他|无私"),
    Orientation.PROSOCIAL: _any(r"pro[-\s]?so[cz]ial\w*", "亲社会"),
    Orientation.INDIVIDUALISTIC: _any(
        r"individualis\w*", r"\b(?:selfish|egois|egoís|selbstsüchtig|eigennützig)\w*", "个人主义|个体主义|自私|利己"
    ),
    Orientation.COMPETITIVE: _any(
        r"\b\w*(?:competiti|competitor|kompetitiv|wettbewerb)\w*", r"\brival\w*", "竞争|好胜"
    ),
}
"""Names and adjectives of each orientation, with everyday words that are used for them."""

LOADED = _any(
    r"\b(?:un)?fair(?:e|er|es|en|em|ly|ness)?\b|\b(?:un)?gerecht\w*|\b(?:in)?just[oa]s?\b",
    r"\b(?:greed\w*|selfish\w*|selfless\w*|generous\w*|generosity|stingy|cheat\w*|betray\w*|exploit\w*|steal\w*|stole\w*)\b",
    r"\b(?:cooperat(?:e[sd]?|ing|ion|ive\w*|or)|defect(?:s|ed|ing|ion|or)?|free[- ]?rid\w+|punish\w*|retaliat\w*)\b",
    r"\b(?:moral\w*|immoral\w*|ethic\w*|unethical\w*|virtu\w+|evil|wicked|honest\w*|dishonest\w*|guilt\w*|blame\w*)\b",
    r"\b(?:opponents?|enem(?:y|ies)|rivals?|friends?|victims?|teammates?|comrades?|trust\w*|kindness|sacrific\w*)\b",
    r"\b(?:gier\w*|geizig\w*|großzügig\w*|betrüg\w*|betrog\w*|verrat\w*|ausnutz\w*|kooperier\w*|kooperation|strafe\w*)\b",
    r"\b(?:bestraf\w*|moralisch\w*|gegner\w*|feind\w*|freund(?:e|es|in|innen)?|opfer\w*)\b",
    r"\b(?:codici\w*|avarici\w*|tacañ\w*|generos\w*|traicion\w*|engañ\w*|explot\w*|cooper\w*|castig\w*|enemig\w*|amig[oa]s?)\b",
    "公平|公正|不公|贪婪|贪心|自私|无私|慷慨|欺骗|背叛|剥削|合作|惩罚|道德|对手|敌人|朋友|牺牲",
)
"""Words that judge an act or a person, or say what is expected."""

TASKS = _any(
    r"\b(?:slider|ring measure|triple[- ]dominance|decomposed game\w*|prisoner'?s'? dilemma|dictator(?: game)?)\b",
    r"\b(?:ultimatum(?: game)?|stag hunt|public[- ]goods?(?: game)?|trust game|game of chicken|battle of the sexes)\b",
    r"\b(?:option|answer|choose|pick|opción|wähle) (?-i:[A-I])\b",
    r"\b(?:common (?:pot|pool|fund)|contribut(?:e|ion)s?|harvest\w*)\b",
    r"\b(?:cooperat\w+|defect\w*|volunteer\w*|gefangenendilemma|diktatorspiel|dilema del prisionero|bienes públicos)\b",
    r"\b(?:beitrag|beiträge|gemeinschaftstopf|contribu(?:ir|yes|ción|ciones)|fondo común)\b",
    "选项[A-Ia-i]|囚徒困境|独裁者博弈|最后通牒|公共物品|公共池|信任博弈|滑块|贡献",
)
"""Names of measures and games, their acts and the labels of their options: with them, a test is taught to."""

PEOPLE = _any(
    r"\b(?:he|she|his|hers?|him|himself|herself|m[ae]n|wom[ae]n|boys?|girls?|male|female|father|mother|mrs?|ms)\b",
    r"\b(?:rich(?:er)?|poor(?:er)?|wealth\w*|income|salary|money|fortune|poverty|luxur\w+)\b",
)
"""English words of a person's gender or wealth."""

POINTS = _any(r"\b(?:points?|tokens?|coins?|dollars?|euros?|punkte?n?|puntos?)\b", "点数|每一点|积分")
"""The word for points, which follows `presentation.currency` in questions, and not in an induction."""

CHINESE = re.compile(r"[\u4e00-\u9fff]")
