"""Writes CanonicalData.cs from Python's own Unicode tables: python3 make_data.py > CanonicalData.cs"""

import base64
import sys
import unicodedata
import zlib

HANGUL = range(0xAC00, 0xD7A4)  # composed by rule, not by table


def varints(numbers):
    out = bytearray()
    for n in numbers:
        while n >= 0x80:
            out.append(n & 0x7F | 0x80)
            n >>= 7
        out.append(n)
    return bytes(out)


def main():
    numbers, last = [], 0
    points = [c for c in range(sys.maxunicode + 1) if c not in HANGUL]
    decomposed = [c for c in points if unicodedata.decomposition(chr(c)) and "<" not in unicodedata.decomposition(chr(c))]
    numbers.append(len(decomposed))
    for c in decomposed:
        parts = [int(p, 16) for p in unicodedata.decomposition(chr(c)).split()] + [0]
        composes = unicodedata.normalize("NFC", chr(c)) == chr(c)
        numbers += [c - last, parts[0], parts[1], int(composes)]
        last = c
    classes = [c for c in points if unicodedata.combining(chr(c))]
    numbers.append(len(classes))
    last = 0
    for c in classes:
        numbers += [c - last, unicodedata.combining(chr(c))]
        last = c
    text = base64.b64encode(zlib.compress(varints(numbers), 9)).decode()
    print("namespace KVCluster.Inference.Tokenization.Normalization;\n")
    print("/// <summary>")
    print(f"/// Canonical decompositions and combining classes of Unicode {unicodedata.unidata_version}, made by make_data.py: zlib over varints, in base64.")
    print("/// Counted lists of (code point - the one before, first, second or 0, whether it composes) and (code point - the one before, class).")
    print("/// </summary>")
    print("internal static class CanonicalData\n{")
    print('    public const string Packed =')
    lines = [text[i:i + 120] for i in range(0, len(text), 120)]
    for i, line in enumerate(lines):
        print(f'        {"+ " if i else ""}"{line}"{";" if i == len(lines) - 1 else ""}')
    print("}")


main()
