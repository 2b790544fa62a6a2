using System.Text.RegularExpressions;

namespace KVCluster.Inference.Tokenization;

/// <summary>Splits text into the pieces that merges stay within: patterns applied in order, each to the pieces the last one left.</summary>
internal sealed class PreTokenizer
{
    private readonly IReadOnlyList<Stage> _stages;

    public PreTokenizer(IReadOnlyList<Stage> stages)
    {
        _stages = stages;
    }

    /// <summary>
    /// The pre-tokenizer that GGUF files name so (tokenizer.ggml.pre), or null where the name is unknown. "default" is read as GPT-2's.
    /// </summary>
    public static PreTokenizer? Named(string name) => name switch
    {
        "gpt-2" or "default" => Of(SplitPatterns.Gpt2),
        "llama-bpe" or "llama3" or "llama-v3" => Of(SplitPatterns.Llama3),
        "qwen2" or "deepseek-r1-qwen" => Of(SplitPatterns.Qwen2),
        "smollm" => Of(SplitPatterns.EachDigit, SplitPatterns.Gpt2),
        _ => null,
    };

    /// <summary>Pieces (start, length) of the text, in order.</summary>
    public List<(int Start, int Length)> Split(ReadOnlySpan<char> text)
    {
        BmpText bmp = BmpText.Of(text);
        List<(int Start, int Length)> pieces = [(0, bmp.Text.Length)];
        foreach (Stage stage in _stages)
        {
            List<(int Start, int Length)> finer = new(pieces.Count * 2);
            foreach ((int start, int length) in pieces)
            {
                stage.Split(bmp.Text.Slice(start, length), start, finer);
            }

            pieces = finer;
        }

        for (int i = 0; i < pieces.Count; i++)
        {
            int start = bmp.Offset(pieces[i].Start);
            pieces[i] = (start, bmp.Offset(pieces[i].Start + pieces[i].Length) - start);
        }

        return pieces;
    }

    private static PreTokenizer Of(params string[] patterns) => new(patterns.Select(p => new Stage(SplitPatterns.Compile(p))).ToArray());

    /// <summary>One pattern: each match is a piece, and so is what lies between matches unless that is to be dropped.</summary>
    public sealed class Stage(Regex pattern, bool dropUnmatched = false)
    {
        /// <summary>Appends the pieces of a text that lies at <paramref name="offset"/> of the whole.</summary>
        public void Split(ReadOnlySpan<char> text, int offset, List<(int Start, int Length)> pieces)
        {
            int done = 0;
            foreach (ValueMatch match in pattern.EnumerateMatches(text))
            {
                AddUnmatched(done, match.Index);
                if (match.Length > 0)
                {
                    pieces.Add((offset + match.Index, match.Length));
                }

                done = match.Index + match.Length;
            }

            AddUnmatched(done, text.Length);

            void AddUnmatched(int from, int to)
            {
                if (to > from && !dropUnmatched)
                {
                    pieces.Add((offset + from, to - from));
                }
            }
        }
    }
}
