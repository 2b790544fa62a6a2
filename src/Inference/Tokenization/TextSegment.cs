namespace KVCluster.Inference.Tokenization;

/// <summary>A part of a prompt and where it comes from.</summary>
/// <param name="Text">The text.</param>
/// <param name="FromUser">Whether it was given with the messages; otherwise it is the chat template's own.</param>
public readonly record struct TextSegment(string Text, bool FromUser);
