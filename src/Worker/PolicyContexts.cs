using KVCluster.Compression.Policies;
using KVCluster.Inference.Backend;
using KVCluster.Inference.Tokenization;

namespace KVCluster.Worker;

/// <summary>What policies may ask of a conversation's owner: its tokens, what kinds they are, and how to ask the model to repeat them.</summary>
internal static class PolicyContexts
{
    // KVzip's words, as its paper has them (arXiv 2505.23416).
    private const string RepeatAll = "\n\nRepeat the previous context exactly.";
    private const string RepeatPart = "\n\nRepeat the part of the previous context exactly, starting with";

    public static PolicyContext Of(LocalModel model, ReadOnlyMemory<int> history, CompressionRequest request, ObservationOptions? observe) => new(history)
    {
        TaskPrompts = request.TaskPrompts,
        Observation = observe,
        Reconstruction = request.Policy.Request.Attention?.Source == AttentionSource.Reconstruction ? Reconstruction(model, history.Span) : null,
        KindOf = id => KindOf(model.Tokenizer, id),
        Calibration = request.Policy.Request.Calibration ? request.Calibration ?? model.Calibration : null,
        ChunkTokens = request.ReplayChunkTokens,
    };

    private static ReconstructionPrompts Reconstruction(LocalModel model, ReadOnlySpan<int> history)
    {
        (int[] before, int[] after) = model.Template is null ? ([], Encode("\n")) : new ChatFraming(model).UserFrame();
        return new ReconstructionPrompts(Encode(RepeatAll), Encode(RepeatPart), after)
        {
            Skip = history.StartsWith(before) && history.Length > before.Length ? before.Length : 0,
        };

        int[] Encode(string text) => model.Tokenizer.Encode(text, parseSpecial: false);
    }

    private static TokenKind KindOf(Tokenizer tokenizer, int id)
    {
        // A model may have more rows of logits than its tokenizer has ids.
        if (id >= tokenizer.VocabularySize || tokenizer.IsSpecial(id))
        {
            return TokenKind.Special;
        }

        string text = tokenizer.Decode([id]).Trim();
        return text.Length > 0 && text.All(c => char.IsPunctuation(c) || char.IsSymbol(c)) ? TokenKind.Punctuation : TokenKind.Plain;
    }
}
