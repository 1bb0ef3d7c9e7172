"""The phrases by which replies answer, decline or qualify: the tables that `agents.parse` reads with.

Patterns are written for text with single spaces and no markup, and each is bounded, so that reading stays linear in the
length of a hostile reply. Names that begin with an underscore are parts of other patterns.
"""

import re


def _any_case(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.I)


FILTERED = re.compile(
    r"content_filter\w*|refusal|(image_)?safety|block(ed|list)|prohibited_content|recitation|spii|guard.*"
)
CUT = re.compile(r"length|max_(output_)?tokens|max_length|model_length")

# Signs that a reader takes for another. No general NFKC: it would turn 10½ into 101⁄2 and 5² into 52.
SIGNS = str.maketrans("‘’“”„«»「」『』【】−﹣。、\r\v\f\x85", "''" + 11 * '"' + "--.,\n\n\n\n")
MARKUP = re.compile(
    r"[*_`#]+|\\(?:text(?:bf|it|rm)?|math(?:bf|rm|it|sf|bb)|left|right|[,;!()\[\]])|<\|[^<>|]{1,30}\|>|\[/?INST\]"
    r"|</?(?:s|b|i|u|p|em|strong|code|span|div|br ?/?)>"
)
THOUGHT = _any_case(
    r"(?P<end></(?:think|thinking|thoughts?|reasoning|scratchpad|analysis)>|\[/THINK\]|<\|channel\|>final)"
    r"|<(?:think|thinking|thoughts?|reasoning|scratchpad|analysis)>|\[THINK\]|<\|channel\|>analysis"
)

# Chinese and Japanese are written without spaces: their characters are no part of the word beside them.
L = r"[^\W_\u2e80-\uabff\uf900-\uffff]"
ALONE = rf"(?!{L}|['-][^\W\d_]|\.[a-z]\.|\+)"
_END = r"(?:(?<=[\u2e80-\uabff])|(?![a-z]))"

_ANYWHERE = "answer|antwort|respuesta|réponse|risposta|ответ|答案|回答|정답"
_NOUN = (
    f"{_ANYWHERE}|ans|choice|decision|selection|pick|option|response|vote|preference|action|letter|label|wahl"
    "|entscheidung|elección|opción|decisión|choix|scelta|选择|选项|决定"
)
SUM = "contribution|amount|investment|offer|transfer|donation|harvest|extraction|beitrag|contribución|贡献|投入"
SUMS = _any_case(rf"\b(?:{SUM})\b")
_OWN = "my|our|your|the|final|own|chosen|selected|ultimate|corrected|revised|updated|actual"
KEYS = frozenset(_NOUN.split("|"))
SUM_KEYS = frozenset(f"{SUM}|contribute|invest|give|send|take|extract|points|tokens|value|number".split("|"))
NUMBER_KEYS = frozenset({"number", "no", "nr"})
KEY_WORDS = frozenset(f"{_OWN}|player|agent|to|of".split("|"))

_CHOOSE = (
    r"choos(?:e|ing)|chosen?|pick(?:ing|ed)?|select(?:ing|ed)?|(?:go|going|went) (?:with|for)|opt(?:ing|ed)? for"
    r"|vote for|settl(?:e|ing) (?:on|for)|decid(?:e|ing|ed) (?:on|for)|stick(?:ing)? with|prefer|answer(?: with)?"
)
_GIVE = (
    r"contribut(?:e|ing|ed)|giv(?:e|ing|en)|gave|invest(?:ing|ed)?|donat(?:e|ing|ed)|send(?:ing)?|sent|offer(?:ing|ed)?"
    r"|transfer(?:ring|red)?|put(?:ting)?(?: in)?|plac(?:e|ing|ed)|allocat(?:e|ing|ed)|tak(?:e|ing|en)|took|share|bid"
    r"|harvest(?:ing|ed)?|extract(?:ing|ed)?|catch(?:ing)?|withdraw(?:ing)?|claim|request|demand"
)
# Of somebody else: a model that answers in the place of a person P often says what P does.
_CHOOSES = r"chooses|picks|selects|goes (?:with|for)|opts for|settles (?:on|for)|decides (?:on|for)"
_GIVES = r"contributes|gives|invests|donates|sends|offers|transfers|puts(?: in)?|places|takes|harvests|extracts"
_CHOOSE_ABROAD = (
    r"(?:(?:我|p)(?:会|将|要|决定)?)?选择?|(?:ich (?:wähle|nehme|entscheide mich für)|p (?:wählt|nimmt))(?![a-zäöü])"
    r"|(?:ich|p) würde(?= (?:option )?[a-z0-9]{1,2} (?:wählen|nehmen))"
    r"|(?:elijo|p elige|elegiría|p elegiría|escojo|me quedo con)(?: la)?|je choisis|scelgo"
    r"|(?:meine|die|p's) (?:wahl|antwort|entscheidung) (?:ist|fällt auf)"
    r"|(?:mi|la) (?:respuesta|elección|decisión) (?:final )?es(?: la)?"
)
_GIVE_ABROAD = (
    r"(?:我|p)?(?:会|将|要|决定)?(?:贡献|投入|放入)(?:是|为)?|(?:ich (?:gebe|zahle|investiere|lege)|p (?:gibt|legt))"
    r"|mein beitrag ist|contribuyo(?: con)?|aporto|pongo|je contribue"
)
_ADVERB = (
    "therefore|thus|hence|now|then|finally|ultimately|definitely|personally|simply|still|also|just|rather|probably|be"
    "|hereby|again|gladly|going to|decided to|(?:decide|have|want|wish|like|need|happy|prefer|choose) to"
)
# What can follow an option but never an article: "A because …" is option A, "A fair split …" is not.
FOLLOWS = re.compile(
    r" (?:because|since|as|so|for|over|to|due|given|with|in|instead|rather|which|that|out|from|is|again|here|and|or)\b"
)
AFTER_I = re.compile(r" ?[\"')\]}<:]| ?[.!]*$| \([0-9]|,? because\b")
PRONOUN = _any_case(
    rf"[^.!?\n]*\b(?:{_CHOOSE}|{_GIVE}|want|would|will|think|believe|am|have|value|care|do|don't|know|can|can't|cannot|must"
    r"|should|feel|like|hope|need|was|did|decided?)\b"
)

# What stands before an answer at the start of a fragment, and the answer itself: a letter, a number or an amount.
_OPENS = r"[ \"'(\[{:=•]|<(?=[^<>\n]{1,20}>)|>(?= |[A-Za-z\"])|-(?= ?[A-Za-z])"
_I_SAY = r"(?:I(?:'ll|'d| will| would)? )?"
LETTER_LEAD = _any_case(
    rf"(?:{_OPENS}|(?:the|my|is|be|would be|to|either|both|between|{_I_SAY}(?:{_CHOOSE}|take)){_END}"
    rf"|(?P<named>(?:{_NOUN}){_END} ?)){{0,16}}+"
)
AMOUNT_LEAD = _any_case(
    rf"(?:{_OPENS}|(?:the|my|is|be|would be|to|an?|of|{_NOUN}|{SUM}|{_I_SAY}(?:{_CHOOSE}|{_GIVE}"
    rf"|{_GIVE_ABROAD})){_END}){{0,16}}+"
)
BARE_LEAD = _any_case(
    rf"(?:{_OPENS}|(?:either|my|final|(?:so|thus|therefore|hence|then|sure|okay|ok|certainly|understood)[,.!:]?){_END}"
    rf"|(?P<named>(?:{_NOUN}|{SUM}){_END} ?)){{0,16}}+"
)
LETTER = re.compile(rf"(?P<letter>[A-Za-z]){ALONE}")
ALSO_LETTER = re.compile(
    r"(?: (?=[A-Z])|[)\]}\"'.?!]*(?: ?\([^()\n]{0,60}\))? ?(?:[,/&+;>–—-]|或者?|和"
    r"|(?:or|and|vs\.?|through|oder|und|ou|et|o|y)(?![a-z]))) ?(?:or |and )?(?:maybe |perhaps |possibly |even |else )?"
    rf"(?P<named>[Oo]ption )?[\"'(\[]?(?P<letter>[A-Za-z]){ALONE}"
)
MENU_ITEM = re.compile(
    rf"(?<!{L})\(?(?P<letter>[A-Z])\"?(?:[).:\]] ?\"?(?=[Yy]ou\b|I\b|[0-9$])|\) (?=[A-HJ-Z][a-z]))"
    r"|[.,;|] (?P<next>[A-Z])(?:[):] | [–—-] )"
)
WORDS: str = (
    "zero|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen"
    "|eighteen|nineteen|twenty"
)
_UNIT = (
    r"(?:points?|punkte?|puntos?|pts?|tokens?|coins?|units?|credits?|dollars?|euros?|chips|fish|个|点|分|元|枚|[$€£¥])+"
)
NUMBER = _any_case(
    r"(?P<hedge>(?:either|between|about|around|roughly|approximately|approx\.?|nearly|almost|at least|at most|up to"
    r"|maybe|more than|less than|over|under|[~≈<>≤≥]) ?)?(?:all (?:of )?(?:my )?|a total of |exactly )?"
    r"(?>(?P<sign>[+-]?)[$€£¥]? ?(?P<digits>[0-9]{1,3}(?:[, ][0-9]{3})+(?![0-9])|[0-9]+)(?P<fraction>\.[0-9]+)?"
    rf"|(?P<word>{WORDS})\b)(?P<unit> ?{_UNIT})?{ALONE}"
    rf"(?:(?: ?/ ?|[ -]out[ -]of (?:my |the )?| of (?:my |the )?)(?P<of>[0-9]+)(?: ?{_UNIT})?{ALONE})?"
)
SHARE = _any_case(
    r" ?(?:%|percent|per cent|prozent|por ?ciento)"
    r"|[ -](?:hundred|thousand|million|dozen|and a half|(?:one|two|three|four|five|six|seven|eight|nine)\b)"
)
ALSO_NUMBER = _any_case(
    rf"[, ][0-9]|[)\]}}\"]* ?(?:[,;/+=×*–—-]|(?:x|to|or|and|through|oder|und|bis|o|y|ou|或|和|到|至)(?![a-z])) ?"
    rf"(?:maybe |perhaps |even )?[$€£]?(?:[0-9]|(?:{WORDS})\b)"
)
LONE_NUMBER = _any_case(rf"[$€£]?-?[0-9][0-9.,]{{0,9}}(?: ?{_UNIT})?(?=[^\w?+/%=<>]*$)")
# Numbers as labels. What an option brings is told in numbers too, and those are never labels.
_NUMBERED = f"{_NOUN}|number|item|alternative|division|distribution|allocation|split|row|nummer|número|numéro"
_BY_NUMBER = rf"(?P<named>(?:(?:{_NUMBERED}){_END}|n[or]\.?(?= ?[0-9])) ?)"
NUMBER_LEAD = _any_case(
    rf"(?:{_OPENS}|- (?=[0-9])|(?:the|my|is|be|would be|to|either|both|between|{_I_SAY}(?:{_CHOOSE}|take)){_END}"
    rf"|{_BY_NUMBER}){{0,16}}+"
)
BARE_NUMBER_LEAD = _any_case(
    rf"(?:{_OPENS}|- (?=[0-9])"
    rf"|(?:either|my|final|(?:so|thus|therefore|hence|then|sure|okay|ok|certainly|understood)[,.!:]?){_END}"
    rf"|{_BY_NUMBER}){{0,16}}+"
)
LABEL = _any_case(
    r"(?P<hedge>(?:either|between|about|around|roughly|maybe|perhaps|[~≈<>≤≥]) ?)?"
    r"(?>(?P<sign>[+-]?)(?P<money>[$€£¥] ?)?(?P<digits>[0-9]+)(?P<fraction>\.[0-9]+)?"
    rf"|(?P<word>{WORDS})\b)(?P<unit> ?{_UNIT})?{ALONE}"
)
ALSO_LABEL = _any_case(
    r"[)\]}\"']*(?: ?\([^()\n]{0,60}\))?"
    r"(?: ?(?:[,;/&+=×*–—-]|(?P<word>(?:or|and|vs\.?|through|to|oder|und|bis|ou|et|o|y)(?![a-z])|或者?|和|到|至)) ?| )"
    r"(?P<then>(?:or|and) )?(?:maybe |perhaps |possibly |even |else )?(?P<named>(?:options?|number|no\.?) ?)?"
    rf"[\"'(\[]?(?P<digits>[0-9]++)(?!\.?[0-9]|%| ?{_UNIT})"
)
POINTS_FOLLOW = _any_case(
    r" (?:for|to) (?:me|myself|you|yourself|them|us|both|each|self|(?:the )?others?)\b| (?:each|in my favou?r)\b"
)
ONE_OF = _any_case(r"(?: of|[ -]out[ -]of)\b")
_BRINGS = (
    r"(?: ?[\"(]?(?:(?:you|i|we|they|both(?: of us)?|each(?: of us)?|(?:the )?others?(?: person| player)?)"
    r"(?:'ll| will| would)? (?:gets?|receives?|takes?|keeps?|earns?)\b|[$€£¥]?[0-9]"
    r"|(?:me|you|self|own|(?:the )?other)\b ?[:=(]|this (?:option|choice|division|one)\b))"
)
# A list of reasons is numbered as a menu is: after "3)" or "3." only what an option brings makes it a label.
NUMBER_DESCRIBED = _any_case(
    rf"[\"'}}]*(?: ?:(?![0-9])| ?[)\].]+:?{_BRINGS}|[,;](?! ?[0-9]++(?! ?{_UNIT}))| [–—(-]"
    r"| (?:because|since|as|due|so that)\b)"
)
NUMBERED_ITEM = _any_case(
    rf"(?:(?<![\w.,/$-])|[.,;|] )\(?(?:option |number )?(?P<digits>[0-9]++)(?:[):.]{_BRINGS}|(?<=[.,;|] [0-9])[:)] )"
)
MENTIONED_NUMBER = _any_case(
    rf"(?m:^)\(?[0-9]++[.)] "  # of a list
    rf"|(?<![\w.,$€£¥/-])(?P<digits>[0-9]++)(?![.,]?[0-9]|%|/| ?{_UNIT}){ALONE}"
)
COUNTED = re.compile(
    r" (?:seconds?|minutes?|hours?|days?|rounds?|steps?|times|players?|others|people|options?|reasons?)\b"
)
QUANTITY = _any_case(
    r"(?:(?P<none>nothing|none of (?:my|the) \w{1,12})|(?P<all>everything|all (?:of )?(?:my|the|available) \w{1,12}"
    r"|(?:entire|whole|full) \w{1,12})|half(?: (?:of )?(?:my|the) \w{1,12})?)"
    r"(?= ?[.,;!)\"}]| (?:to|into|in) (?:the|this)\b| because| since|$)"
)

# The wordings of an answer.
LINE = _any_case(
    rf"(?:(?:^|[\n.!?;:,(>{{•-] ?|(?<!{L})[\"'])(?:[0-9]\. )?(?:(?:{_OWN}) ){{0,3}}(?:{_NOUN}|{SUM})"
    rf"|(?<!{L})(?:{_ANYWHERE})|(?<!{L})(?:my|final|meine?|p's)(?: own| final)? (?:{_NOUN}|{SUM}))"
    r"[\"']?(?: ?\([^()\n]{0,40}\))?[\"']? ?(?:=|:|->|→|[–—-](?= )|\n)"
)
NOT_THIS = _any_case(r"\b(?:incorrect|wrong|previous|last|earlier|their|his|her|other|\w+'s|example) $")
TAG = _any_case(rf"<(?:final[_ -]?)?(?:{_NOUN}|{SUM})(?: [^<>]{{0,40}})?>|\\boxed ?(?=\{{)|\[(?=\[)|<(?=<)")
STATEMENT = _any_case(
    r"(?:(?:\b(?:I|we|let me|let us|let's)(?:'ll|'d|'m|'ve| will| would| shall| should| must| am| have)?"
    rf"(?: (?:{_ADVERB})){{0,4}} (?:(?P<give>{_GIVE})|{_CHOOSE})"
    rf"|\b(?:p|this person)(?:(?: (?:{_ADVERB})){{0,2}} (?:(?P<he_gives>{_GIVES})|{_CHOOSES})"
    rf"|(?:'d| will| would)(?: (?:{_ADVERB})){{0,2}} (?:(?P<he_gives_too>{_GIVE})|{_CHOOSE}))"
    r"|(?:^|\n|[.!] )(?P<terse>(?:choos|pick|select)(?:e|ing)?|(?:go|going) with|opting for|contribut(?:e|ing))"
    r"|\b(?:(?P<mine>my|p's|the(?: only)?)(?: final)?|(?:the|a|one) (?:best|better|good|right|correct|preferred|clear))"
    rf" (?:{_NOUN}|{SUM})(?: (?:here|now|for me|for us|(?:(?:for|in) )?this \w{{1,12}}"
    r"|of (?:action|option|amount|contribution)))? (?:is|was|remains|(?:would|will|must) be))(?![a-z])"
    rf"|(?P<gives>{_GIVE_ABROAD})|(?:答案|回答|选择)(?:是|为)|{_CHOOSE_ABROAD})(?: that)?:?"
)
TRAILED = _any_case(
    rf"(?<!{L})(?P<what>\S{{1,12}}(?: {_UNIT})?),? (?:it is(?=[.!\n]|$)|is what I"
    rf"|(?:is|are|(?:would|will) be) (?:my|our) (?:final )?(?:{_NOUN}|{SUM})(?![a-z]))"
)
CLOSED = re.compile(r"[^\w?+/%=<>]*$")
LETTER_DESCRIBED = re.compile(
    r"[\"'}]*(?:[)\]:,;]| :|\.(?!.* [A-Z]\. [A-Z])| [–—(-]| (?:because|since|as|due|so that)\b)"
)
AMOUNT_DESCRIBED = re.compile(r"[,;:](?![0-9])| [–—(-]| (?:because|since|as I)\b")
CORRECTION = _any_case(
    r"(?:^|[.!?\n;,–—-] ?)(?:wait|actually|correction|no,|on (?:second|further) thought|on reflection|scratch that"
    r"|i meant|i(?:'ve| have)? changed? my mind|let me (?:correct|revise|change|reconsider))"
)
FINAL = _any_case(r"\b(?:final|finally|ultimately|corrected|revised|updated|actually|in the end)\b")

# Why a statement is none.
SENTENCE_END = re.compile(r"[.!?](?= |$)|\n")
CLAUSE_END = _any_case(r"[.!?;:,\n]|\b(?:but|so|and|then|therefore|thus|hence)\b")
UNASSERTED = _any_case(
    r"(?:n't|\b(?:not|never|neither|nor|cannot|without|if|when|whenever|suppose|supposing|assume|assuming|unless|whether"
    r"|imagine|before|until|initially|originally|at first|nicht|wenn|si)\b|不|没|别|如果|若)"
    r"|\bno(?:n)? $"
    r"|\b(?:should|would|could|can|do|did|may|might) ?$"
)
HYPOTHETICAL = _any_case(r"\bif (?:i|one|someone) (?:were|was|wanted|cared|only|valued|did)\b(?! (?:to|asked|forced))")
CONDITIONAL = _any_case(r"\b(?:if|unless|provided)\b(?! (?:i (?:had to|have to|must|need)|forced|asked))")
PAST = _any_case(r"\b(?:chose|picked|selected|went|opted|contributed|gave|invested|donated|sent|offered|took)\b")
EARLIER = _any_case(r"\b(?:last|previous|previously|prior|earlier|first|before|already|round \d+|so far)\b")
CONTRAST = _any_case(r"\b(?:but|however|yet|although|though|if|unless|nevertheless)\b")
SPLIT = re.compile(
    rf"(?:,| and| while|;)(?: the)?(?: other| remaining)? [$€£]?[0-9]+(?: {_UNIT})? (?:to|for|in|into|as)\b"
)
KEPT = _any_case(r" (?:to|for|in|into) (?:myself|(?:the |my )?private|my own)")

# Wordings of a refusal. "I won't help others" is a value, not a refusal: the verbs need their object.
_THIS = r"(?: with| in)? (?:this|that|such|your|any)\b|[.,;!]|$"
_CANNOT = r"can't|cannot|can not|won't|will not|unable|not able"
REFUSAL = _any_case(
    rf"\b(?:i(?:'m| am)? (?:(?:must|have to) )?(?:\w{{1,15}}ly )?(?:{_CANNOT}|refuse|decline"
    r"|not (?:willing|comfortable|going)|(?:prefer|choose) not|(?:don't|do not) (?:want|wish|feel comfortable))"
    r"|(?:i'd (?:rather|prefer) not|(?:not (?:be )?appropriate|inappropriate|not possible) for me))"
    r"(?: to)?(?: \w{1,15}ly)? "
    rf"(?:answer|comply|respond|role-?play|pretend|say\b|(?:help|assist)(?: you)?(?={_THIS})"
    r"|(?:choose|pick|select|decide)(?= (?:between|for you|on your|an? |any|one|from)|[.,;!]|$)"
    rf"|(?:participate|take part|engage|play|do|fulfill?|complete|continue)(?={_THIS})"
    r"|(?:make|provide|give|offer|express|have)(?: you)?(?: with)?(?: \w{1,15}){0,3}?"
    r" (?:decision|choice|answer|response|opinion|preference)s?\b)"
    rf"|\b(?:sorry|afraid|apologi[sz]e|apologies)\b[^.!?;\n]{{0,60}}?\b(?:{_CANNOT})\b"
    r"|\bi (?:(?:must|have to|will have to) )?(?:\w{1,15}ly )?decline(?: this\b|[.,!]|$)"
    r"|\bagainst my (?:guidelines|policies)"
    r"|es tut mir leid, (?:aber )?ich kann|lo siento, (?:pero )?no puedo|je suis désolée?, mais je ne p"
    r"|(?:抱歉|对不起)[^.\n]{0,12}(?:无法|不能)"
)
AS_AI = _any_case(
    r"\b(?:as|i am|i'm) (?:just |only )?(?:an? )?(?:ai|artificial intelligence|(?:large )?language model)\b"
    r"[^\n]{0,160}?\b(?:don't|do not|can't|cannot|won't|will not|unable|not able|not capable)\b(?P<rest>[^\n]{0,300})"
    r"|作为(?:一个|一名)?(?:ai|人工智能)[^\n]{0,40}(?:没有|无法|不能)"
)
COMPLIES = _any_case(
    r"\b(?:but|however|that said|nevertheless|still|hypothetically)\b"
    r"(?!,? i(?:'m|'d| am| can| could| would)?(?: be)? (?:happy|glad|here|help|provide|offer|assist|explain|discuss))"
)

# Free text, such as a goal, may say "I won't let others win"; only a refusal of the task itself is meant here.
DECLINES = _any_case(
    r"(?:as an ai[^,.\n]{0,40}, )?"
    r"(?:(?:i'm|i am) (?:very |really )?sorry,? (?:but )?|unfortunately,? |i apologi[sz]e,? but )?"
    r"i (?:can't|cannot|can not|won't|will not|must decline to|(?:am|'m) (?:unable|not able|not comfortable) to)"
    r" (?:help|assist|comply|do (?:that|this)|adopt|pretend|role-?play|take on|take part|participate|fulfill?"
    r"|hold (?:this|that)|answer|respond|provide|engage|be such|become|act as|confirm)\b"
)
