namespace KVCluster.Evaluation.Scenarios;

/// <summary>One turn on its way.</summary>
internal sealed class SimulatedTurn(SimulatedSession session, int promptTokens, int answerTokens, double arrived)
{
    public SimulatedSession Session { get; } = session;

    public int PromptTokens { get; } = promptTokens;

    public int AnswerTokens { get; } = answerTokens;

    /// <summary>When it first came.</summary>
    public double Arrived { get; } = arrived;

    public int Refusals { get; set; }

    /// <summary>Bytes promised to it beyond what its session held.</summary>
    public long Reserved { get; set; }

    /// <summary>When it is expected to end, once it runs.</summary>
    public double Ends { get; set; }

    /// <summary>Grows whenever it lines up or starts: a limit on an earlier wait is void.</summary>
    public int Attempt { get; set; }
}
