using System.Text;
using KVCluster.Compression.Policies;
using KVCluster.Inference.Backend;
using KVCluster.Inference.Tokenization;

namespace KVCluster.Worker;

/// <summary>What policies ask about a model's tokens.</summary>
public sealed class PolicyTokens
{
    private readonly Tokenizer _tokenizer;
    private readonly Lazy<(int[] Frame, ReconstructionPrompts Prompts)> _reconstruction;

    internal PolicyTokens(Tokenizer tokenizer, ChatTemplate? template, IReadOnlySet<int> endTokens)
    {
        _tokenizer = tokenizer;
        _reconstruction = new Lazy<(int[] Frame, ReconstructionPrompts Prompts)>(() =>
        {
            (int[] before, int[] after) = template is null
                ? ([], Encode("\n"))
                : new ChatFraming(tokenizer, template, endTokens).UserFrame();
            return (before, new ReconstructionPrompts(
                Encode("\n\nRepeat the previous context exactly."),
                Encode("\n\nRepeat the part of the previous context exactly, starting with"),
                after));
        });
    }

    /// <summary>
    /// KVzip's prompts (arXiv 2505.23416) as token ids: what asks, the end of the user's turn and the answer opened, as kvpress has it, or a
    /// newline where the model has no chat template. Where the history begins as a chat does, that frame is not repeated.
    /// </summary>
    public ReconstructionPrompts ReconstructionOf(ReadOnlySpan<int> history)
    {
        (int[] frame, ReconstructionPrompts prompts) = _reconstruction.Value;
        return history.Length > frame.Length && history.StartsWith(frame) ? prompts with { Skip = frame.Length } : prompts;
    }

    /// <summary>Special, punctuation alone (spaces around it aside), or plain.</summary>
    public TokenKind KindOf(int token)
    {
        if (_tokenizer.IsSpecial(token))
        {
            return TokenKind.Special;
        }

        string text = Encoding.UTF8.GetString(_tokenizer.TokenBytes(token)).Trim();
        return text.Length > 0 && text.All(c => char.IsPunctuation(c) || char.IsSymbol(c)) ? TokenKind.Punctuation : TokenKind.Plain;
    }

    private int[] Encode(string text) => _tokenizer.Encode(text, parseSpecial: false);
}
