"""`python make_model.py model.gguf [--seed 1] [--lean 8]`: a language model of half a megabyte with random weights.

It has the architecture of Llama, a byte-level vocabulary and a chat template, so that a real runtime can serve it. It
knows nothing: it reads the prompt, and what it says is noise. So that the noise is now and then an answer, its output
leans on letters, numbers and the end of the turn; `--lean 0` is noise alone. The same seed writes the same file.
"""

import argparse
import string
from pathlib import Path

import gguf  # type: ignore[import-not-found, unused-ignore]  # installed for this benchmark alone
import numpy as np
from numpy.typing import NDArray

Weights = NDArray[np.float32]

WIDTH, HEADS, KEY_HEADS, HIDDEN, LAYERS, CONTEXT = 64, 4, 2, 128, 2, 32768
SPREAD = 2.0  # standard deviation of the logits: uneven as a language model's, without one token that always wins
END, START, TURN_END = "<|endoftext|>", "<|im_start|>", "<|im_end|>"
TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n{{ message['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


def byte_signs() -> dict[int, str]:
    """One visible sign for each byte, as in the vocabulary of GPT-2, whose form the runtime expects."""
    shown = [*range(ord("!"), ord("~") + 1), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    hidden = [byte for byte in range(256) if byte not in shown]
    return {byte: chr(byte) for byte in shown} | {byte: chr(256 + place) for place, byte in enumerate(hidden)}


def vocabulary() -> tuple[list[str], list[str], list[str]]:
    """All tokens, the merges that make the longer ones, and those that are answers: A to I and 0 to 20.

    As in the vocabularies of real models, a letter is a token of its own with a space before it, too, and a number is
    one token without a space.
    """
    signs = byte_signs()
    letters, numbers = string.ascii_uppercase[:9], [str(number) for number in range(21)]
    pairs = [number for number in numbers if len(number) == 2]
    spaced = [signs[ord(" ")] + letter for letter in letters]
    longer = [*pairs, *spaced]
    tokens = [END, START, TURN_END, *signs.values(), *longer]
    return tokens, [" ".join(token) for token in longer], [*letters, *spaced, *numbers]


def weights(leans: dict[str, float], seed: int) -> dict[str, Weights]:
    """Random weights by name, for a vocabulary with what its logits lean by, about.

    The first of the model's WIDTH dimensions is 1 at every position, for every text: no layer writes to it. What the
    output reads from it is therefore a constant for each token.
    """
    random = np.random.default_rng(seed)

    def normal(rows: int, columns: int, spread: float) -> Weights:
        return random.normal(0.0, spread, (rows, columns)).astype(np.float32)

    def writing(columns: int) -> Weights:
        made = normal(WIDTH, columns, columns**-0.5)
        made[0] = 0.0
        return made

    read = WIDTH**-0.5
    embedding = normal(len(leans), WIDTH, 1.0)
    embedding[:, 0] = 1.0
    made: dict[str, Weights] = {"token_embd.weight": embedding}
    for layer in range(LAYERS):
        made |= {
            f"blk.{layer}.attn_norm.weight": np.ones(WIDTH, np.float32),
            f"blk.{layer}.attn_q.weight": normal(WIDTH, WIDTH, 3 * read),
            f"blk.{layer}.attn_k.weight": normal(WIDTH * KEY_HEADS // HEADS, WIDTH, 3 * read),
            f"blk.{layer}.attn_v.weight": normal(WIDTH * KEY_HEADS // HEADS, WIDTH, read),
            f"blk.{layer}.attn_output.weight": writing(WIDTH),
            f"blk.{layer}.ffn_norm.weight": np.ones(WIDTH, np.float32),
            f"blk.{layer}.ffn_gate.weight": normal(HIDDEN, WIDTH, read),
            f"blk.{layer}.ffn_up.weight": normal(HIDDEN, WIDTH, read),
            f"blk.{layer}.ffn_down.weight": writing(HIDDEN),
        }
    output = normal(len(leans), WIDTH, SPREAD * read)
    output[:, 0] = [*leans.values()]
    return made | {"output_norm.weight": np.ones(WIDTH, np.float32), "output.weight": output}


def write(path: Path, seed: int, lean: float) -> None:
    """Write the model to `path`."""
    tokens, merges, answers = vocabulary()
    # There are many answers and one end: it leans further, or a turn would hardly ever end.
    leans = dict.fromkeys(tokens, 0.0) | dict.fromkeys(answers, lean) | {TURN_END: 1.75 * lean}
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_name("noise")
    writer.add_context_length(CONTEXT)
    writer.add_embedding_length(WIDTH)
    writer.add_feed_forward_length(HIDDEN)
    writer.add_block_count(LAYERS)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(KEY_HEADS)
    writer.add_rope_dimension_count(WIDTH // HEADS)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_vocab_size(len(tokens))
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("gpt-2")
    writer.add_token_list(tokens)
    writer.add_token_types([gguf.TokenType.CONTROL] * 3 + [gguf.TokenType.NORMAL] * (len(tokens) - 3))
    writer.add_token_merges(merges)
    writer.add_bos_token_id(tokens.index(END))
    writer.add_eos_token_id(tokens.index(TURN_END))
    writer.add_add_bos_token(False)
    writer.add_chat_template(TEMPLATE)
    for name, values in weights(leans, seed).items():
        writer.add_tensor(name, values)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def main() -> None:
    """Read the command line."""
    arguments = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0] if __doc__ else None)
    arguments.add_argument("path", type=Path)
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--lean", type=float, default=8.0)
    given = arguments.parse_args()
    write(given.path, given.seed, given.lean)


if __name__ == "__main__":
    main()
