namespace KVCluster.Worker.Serving.Telemetry;

/// <summary>
/// A turn's part of the device's steps, as stretches of consecutive steps of one kind. A chunk of a prompt is one stretch, decoding is cut
/// into stretches of 32 steps. The more there are the longer further ones become, so that their number grows with the logarithm of the
/// turn's steps, and a step costs an addition. Touched by the device's thread only.
/// </summary>
internal sealed class StepStretches
{
    /// <summary>Decode steps of the first stretches.</summary>
    public const int DecodeSteps = 32;

    /// <summary>Stretches of a kind after which further ones hold twice as many steps.</summary>
    public const int DoubleAfter = 16;

    private readonly List<StepStretch> _all = [];
    private int _prefills;
    private int _decodes;

    /// <summary>In order of time.</summary>
    public IReadOnlyList<StepStretch> All => _all;

    /// <summary>Counts a step in.</summary>
    /// <param name="from">Timestamp of its begin.</param>
    /// <param name="until">Timestamp of its end.</param>
    /// <param name="rows">Tokens of this turn that it computed.</param>
    /// <param name="turns">Turns it served, this one included.</param>
    /// <param name="decoding">Whether the token was generated just before.</param>
    public void Add(long from, long until, int rows, int turns, bool decoding)
    {
        if (_all.Count > 0 && _all[^1] is var last && last.IsDecoding == decoding && last.Steps < Longest(decoding))
        {
            _all[^1] = last with { Until = until, Steps = last.Steps + 1, Tokens = last.Tokens + rows, Turns = Math.Max(last.Turns, turns) };
            return;
        }

        _prefills += decoding ? 0 : 1;
        _decodes += decoding ? 1 : 0;
        _all.Add(new StepStretch(from, until, 1, rows, turns, decoding));
    }

    private int Longest(bool decoding)
    {
        (int first, int stretches) = decoding ? (DecodeSteps, _decodes) : (1, _prefills);
        return first << Math.Min((stretches - 1) / DoubleAfter, 20);
    }
}

/// <summary>Consecutive steps that a turn was in.</summary>
/// <param name="From">Timestamp of the first one's begin.</param>
/// <param name="Until">Timestamp of the last one's end.</param>
/// <param name="Steps">How many.</param>
/// <param name="Tokens">Tokens of the turn computed in them.</param>
/// <param name="Turns">Most turns that one of them served.</param>
/// <param name="IsDecoding">Whether the tokens were generated.</param>
internal readonly record struct StepStretch(long From, long Until, int Steps, int Tokens, int Turns, bool IsDecoding);
