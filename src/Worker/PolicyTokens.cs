using System.Text;
using KVCluster.Compression.Policies;
using KVCluster.Inference.Backend;
using KVCluster.Inference.Tokenization;

namespace KVCluster.Worker;

/// <summary>What policies ask about a model's tokens.</summary>
public sealed class PolicyTokens
{
    private readonly Tokenizer _tokenizer;
    private readonly Lazy<ReconstructionPrompts> _reconstruction;

    internal PolicyTokens(Tokenizer tokenizer)
    {
        _tokenizer = tokenizer;
        _reconstruction = new Lazy<ReconstructionPrompts>(() => new ReconstructionPrompts(
            tokenizer.Encode("\n\nRepeat the previous context exactly.", parseSpecial: false),
            tokenizer.Encode("\n\nRepeat the part of the previous context exactly, starting with", parseSpecial: false),
            tokenizer.Encode("\n", parseSpecial: false)));
    }

    /// <summary>KVzip's prompts (arXiv 2505.23416) as token ids.</summary>
    public ReconstructionPrompts Reconstruction => _reconstruction.Value;

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
}
