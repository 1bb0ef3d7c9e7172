"""The words that lint looks for: names of orientations, loaded words, and words of the tasks, in four languages.

They are lists, not judgements, searched without regard to case: a wording can load a question without any of these
words, so they show what is surely there and prove nothing absent.
"""

import re

from games.svo import Orientation

LANGUAGES = ("en", "de", "es", "zh")
"""The languages of the lists."""
CHINESE = re.compile(r"[\u4e00-\u9fff]")
# Letters of the other three, so that a Latin word is told from the Chinese characters around it.
_LETTER = "[a-zß-ÿ]"


def _any(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(patterns), re.IGNORECASE)


def _words(*lines: str) -> re.Pattern[str]:
    """Any of the words in the lines, apart by commas; `*` stands for any letters, and Chinese has no bounds."""
    found = [word.strip() for line in lines for word in line.split(",")]
    bounded = [re.escape(word).replace(r"\*", f"{_LETTER}*") for word in found]
    return _any(
        *(pattern if CHINESE.search(pattern) else f"(?<!{_LETTER}){pattern}(?!{_LETTER})" for pattern in bounded)
    )


LABELS = {
    Orientation.ALTRUISTIC: _words(
        "*altruis*, selfless*, unselfish*, selbstlos*, uneigennützig*, desinteresad*, abnegad*, 利他, 无私"
    ),
    Orientation.PROSOCIAL: _words(
        "*prosocial*, *pro-social*, *pro social*, *prosozial*, *pro-sozial*, *pro sozial*, 亲社会"
    ),
    Orientation.INDIVIDUALISTIC: _words(
        "*individualis*, selfish*, egois*, egoís*, selbstsüchtig*, selbstsucht*, eigensüchtig*, eigensucht*",
        "eigennützig*, eigennutz*, 个人主义, 个体主义, 自私, 利己",
    ),
    Orientation.COMPETITIVE: _words(
        "*competiti*, *competitor*, compete, competes, competed, competing, *competidor*, competir*, compite*",
        "*kompetitiv*, *wettbewerb*, *konkurren*, konkurrier*, rival*, 竞争, 好胜",
    ),
}
"""Names and adjectives of each orientation, with everyday words that are used for them."""

# One or two ideas a line, in all four languages where they have a word for it: none is checked less than another.
LOADED = _words(
    "fair, fairly, fairness, faire, fairer, faires, fairen, fairem, unfair*, gerecht*, ungerecht*, justo, justa",
    "justos, justas, injust*, justice, justicia, 公平, 公正, 不公, 正义",
    "greed*, gier*, codici*, avarici*, 贪婪, 贪心",
    "generous*, generosity, großzügig*, generos*, 慷慨",
    "stingy, stinginess, geizig*, geiz, tacañ*, 吝啬",
    "cheat*, betrüg*, betrog*, engañ*, 欺骗",
    "betray*, verrat*, traicion*, 背叛",
    "exploit*, ausnutz*, ausbeut*, explot*, 剥削",
    "steal*, stole*, stehlen, stiehl*, robar, robas, 偷窃",
    "cooperat*, uncooperat*, *kooper*, cooper*, 合作",
    "defect, defects, defected, defecting, defection, defector*",
    "free rid*, free-rid*, freerid*, trittbrettfahr*, gorrón, gorron*, 搭便车",
    "punish*, bestraf*, strafe*, castig*, 惩罚",
    "retaliat*, vergelt*, represalia*, 报复",
    "moral*, immoral*, unmoral*, inmoral*, ethic*, unethical*, ethisch*, unethisch*, étic*, 道德",
    "virtu*, tugend*, 美德, evil, wicked, böse*, malvad*, 邪恶",
    "honest*, dishonest*, ehrlich*, unehrlich*, deshonest*, 诚实",
    "guilt*, blame*, schuldig*, culpa, culpable*, 内疚, 责怪",
    "opponent*, gegner*, oponente*, adversari*, 对手, enemy, enemies, feind*, enemig*, 敌人, rival, rivals",
    "friend, friends, freund, freunde*, freundin*, amigo, amiga, amigos, amigas, 朋友",
    "victim, victims, opfer*, víctima*, 受害者, teammate*, comrade*, mitspieler*, compañer*, 队友",
    "trust*, vertrau*, confianza, 信任",
    "kindness, güte, gütig*, bondad*, 善良",
    "sacrific*, aufopfer*, 牺牲",
)
"""Words that judge an act or a person, or say what is expected; names of orientations are in LABELS."""

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
