"""An example of every treebank format, for the contract suite and the fuzzers."""

from __future__ import annotations

from typing import NamedTuple


class Example(NamedTuple):
    """A small file, the trees in it, and a malformed file.

    `trees` are in brackets, `lines` say where they begin. `broken` is malformed on line `broken_line`.
    """

    text: str
    trees: tuple[str, ...]
    lines: tuple[int, ...]
    broken: str
    broken_line: int


EXAMPLES = {
    "penn": Example(
        text=(
            "( (S (NP-SBJ (DT the) (NN dog))\n  (VP (VBZ barks)) (. .)))\n"
            "*x* a comment\n(NP (-LRB- -LRB-) (NN 树)) (X (X two words))\n"
        ),
        trees=(
            "( (S (NP-SBJ (DT the) (NN dog)) (VP (VBZ barks)) (. .)))",
            "(NP (-LRB- -LRB-) (NN 树))",
            "(X (X two words))",
        ),
        lines=(1, 4, 4),
        broken="(S (NN dog))\n(S (NN cat)))\n",
        broken_line=2,
    ),
    "ctb": Example(
        text=(
            "<DOC>\n<DATE> 1994 </DATE>\n<S ID=1>\n( (IP (NP-SBJ (NR 中国)) (VP (VV 来) (PU ＜))))\n</S>\n"
            "<S ID=2> ( (FRAG (NN 电)\n (PU 。))) </S>\n</DOC>\n"
        ),
        trees=(
            "( (IP (NP-SBJ (NR 中国)) (VP (VV 来) (PU ＜))))",
            "( (FRAG (NN 电) (PU 。)))",
        ),
        lines=(4, 6),
        broken="<S ID=1>\n( (NP (NN 电)))\n</S>\n<S ID=2>\n( (NP (NN 电\n</S>\n",
        broken_line=5,
    ),
    "sinica": Example(
        text=(
            "#1:1.[3] S(theme:NP(Head:Nhaa:我)|Head:VC1:住在|"
            "goal:V‧的(head:VE2[+NEG,+ASP]:好|Head:DE:的))#，(COMMACATEGORY)\n"
            "#2:2..[4] NP(Head:Neu:一) #\n"
        ),
        trees=("(S (NP (Nhaa 我)) (VC1 住在) (V‧的 (VE2[+NEG,+ASP] 好) (DE 的)))", "(NP (Neu 一))"),
        lines=(1, 2),
        broken="#1:1.[3] NP(Head:Neu:一)#\n#2:2.[3] NP(Head:Neu:一#\n",
        broken_line=2,
    ),
    "negra": Example(
        text=(
            "%% a comment\n#FORMAT 3\n#BOT ORIGIN\n0\t--\t--\n#EOT ORIGIN\n"
            "#BOS 1 0 0 0 %% crossing branches\n"
            "Darüber\tPROAV\t--\tMO\t500\n"
            "wird\tVAFIN\t--\tHD\t501\n"
            "nachgedacht\tVVPP\t--\tHD\t500\n"
            ".\t$.\t--\t--\t0\n"
            "#500\tVP\t--\tOC\t501\n"
            "#501\tS\t--\t--\t0\n"
            "#EOS 1\n"
            "#BOS 2 0 0 0\n"
            "(\t$(\t--\t--\t0\n"
            "Haus\tNN\t--\tNK\t500\t%% a comment\n"
            "#500\tNP\t--\t--\t0\n"
            "#EOS 2\n"
        ),
        trees=(
            "(VROOT (S (PROAV Darüber) (VAFIN wird) (VP (VVPP nachgedacht))) ($. .))",
            "(VROOT ($-LRB- -LRB-) (NP (NN Haus)))",
        ),
        lines=(6, 14),
        broken="#BOS 1 0 0 0\nHaus\tNN\t--\tNK\t500\n#EOS 1\n",
        broken_line=2,
    ),
    "tiger": Example(
        text="""<?xml version="1.0" encoding="UTF-8"?>
<corpus id="example">
<body>
<s id="s1">
<graph root="s1_501">
  <terminals>
    <t id="s1_1" word="Darüber" pos="PROAV" />
    <t id="s1_2" word="wird" pos="VAFIN" />
    <t id="s1_3" word="nachgedacht" pos="VVPP" />
    <t id="s1_4" word="." pos="$." />
  </terminals>
  <nonterminals>
    <nt id="s1_500" cat="VP"><edge label="MO" idref="s1_1" /><edge label="HD" idref="s1_3" /></nt>
    <nt id="s1_501" cat="S">
      <edge label="OC" idref="s1_500" />
      <edge label="HD" idref="s1_2" />
      <secedge label="SB" idref="s1_1" />
    </nt>
  </nonterminals>
</graph>
</s>
<s id="s2"><graph root="s2_1">
  <terminals><t id="s2_1" word="&quot;R&amp;D&quot; (neu)" pos="NN"/></terminals>
</graph></s>
</body>
</corpus>
""",
        trees=(
            "(VROOT (S (PROAV Darüber) (VAFIN wird) (VP (VVPP nachgedacht))) ($. .))",
            '(VROOT (NN "R&D"-SPACE--LRB-neu-RRB-))',
        ),
        lines=(4, 22),
        broken=(
            '<corpus>\n<s id="s1"><graph><terminals><t id="a" word="x"></terminals></graph></s>\n</corpus>\n'
        ),
        broken_line=2,
    ),
    "alpino": Example(
        text="""<?xml version="1.0" encoding="UTF-8"?>
<treebank>
<alpino_ds version="1.3">
  <node begin="0" cat="top" end="6" id="0" rel="top">
    <node begin="0" cat="smain" end="5" id="1" rel="--">
      <node begin="0" cat="np" end="1" id="2" index="1" rel="su">
        <node begin="0" end="1" id="3" lemma="wie" pt="vnw" rel="hd" word="Wie"/>
      </node>
      <node begin="1" end="2" id="4" lemma="hebben" pt="ww" rel="hd" word="heeft"/>
      <node begin="0" cat="ppart" end="5" id="5" rel="vc">
        <node begin="0" end="1" id="6" index="1" rel="su"/>
        <node begin="4" end="5" id="9" pt="ww" rel="hd" word="gezien"/>
        <node begin="2" cat="np" end="4" id="7" rel="obj1">
          <node begin="2" end="3" id="8" pt="lid" rel="det" word="het"/>
          <node begin="3" end="4" id="10" pt="n" rel="hd" word="huis (nr. 2)"/>
        </node>
      </node>
    </node>
    <node begin="5" end="6" id="11" pt="let" rel="--" word="?"/>
  </node>
  <sentence>Wie heeft het huis (nr. 2) gezien ?</sentence>
</alpino_ds>
<alpino_ds version="1.3">
  <node cat="top" rel="top">
    <node cat="inf" rel="--">
      <node begin="0" pos="adj" rel="mod" word="Hard"/>
      <node begin="2" pos="verb" rel="hd" word="lopen"/>
    </node>
    <node begin="1" pos="punct" rel="--" word=","/>
  </node>
</alpino_ds>
</treebank>
""",
        trees=(
            "(top (smain (np (vnw Wie)) (ww heeft) (ppart (np (lid het)"
            " (n huis-SPACE--LRB-nr.-SPACE-2-RRB-)) (ww gezien))) (let ?))",
            "(top (adj Hard) (punct ,) (inf (verb lopen)))",
        ),
        lines=(3, 23),
        broken='<alpino_ds>\n<node cat="top"><node pt="n" word="x"/></node>\n</alpino_ds>\n',
        broken_line=2,
    ),
    "conllu": Example(
        text=(
            "# text = im Haus (10 000)\n"
            "1-2\tim\t_\t_\t_\t_\t_\t_\t_\t_\n"
            "1\tin\tin\tADP\tAPPR\t_\t3\tcase\t_\t_\n"
            "2\tdem\tder\tDET\tART\t_\t3\tdet\t_\t_\n"
            "3\tHaus\tHaus\tNOUN\tNN\t_\t0\troot\t_\t_\n"
            "3.1\tist\t_\t_\t_\t_\t_\t_\t_\t_\n"
            "4\t(\t(\tPUNCT\t$(\t_\t5\tpunct\t_\t_\n"
            "5\t10 000\t10 000\tNUM\tCARD\t_\t3\tnummod\t_\t_\n"
            "6\t)\t)\t_\t$(\t_\t5\tpunct\t_\t_\n"
            "\n"
            "1\t狗\t狗\tNOUN\t_\t_\t0\troot\t_\t_\n"
        ),
        trees=(
            "( (ADP in) (DET dem) (NOUN Haus) (PUNCT -LRB-) (NUM 10-SPACE-000) ($-LRB- -RRB-))",
            "( (NOUN 狗))",
        ),
        lines=(3, 11),
        broken="1\tHaus\tHaus\tNOUN\tNN\t_\t0\troot\t_\t_\n3\tx\tx\tNOUN\tNN\t_\t0\troot\t_\t_\n",
        broken_line=2,
    ),
}
