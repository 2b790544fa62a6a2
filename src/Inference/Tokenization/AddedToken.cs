namespace KVCluster.Inference.Tokenization;

/// <summary>A token found as it stands in the text, before any splitting or merging.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Text">Its text, as written.</param>
/// <param name="Special">A control token (a marker of the chat frame): only found where special tokens are parsed.</param>
/// <param name="Normalized">Looked for in the normalised text instead of the raw one.</param>
/// <param name="StripLeft">Takes white space on its left with it.</param>
/// <param name="StripRight">Takes white space on its right with it.</param>
internal sealed record AddedToken(
    int Id, string Text, bool Special, bool Normalized = false, bool StripLeft = false, bool StripRight = false);
