namespace KVCluster.Storage.Format;

/// <summary>Neighbouring layers whose rows share frames.</summary>
/// <param name="FirstLayer">The first.</param>
/// <param name="Layers">How many.</param>
/// <param name="Segments">Their slots, from 0 on, without gaps.</param>
internal sealed record LayerGroup(int FirstLayer, int Layers, IReadOnlyList<FrameSegment> Segments);
