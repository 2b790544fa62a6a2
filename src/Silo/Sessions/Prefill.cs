using System.Diagnostics;
using KVCluster.Silo.Terminals;
using KVCluster.Worker;

namespace KVCluster.Silo.Sessions;

/// <summary>Tokens that were put into a cache, and how long that took.</summary>
internal sealed record Prefill(int Tokens, double Seconds)
{
    public static Prefill Nothing { get; } = new(0, 0);

    /// <summary>0 where there was nothing.</summary>
    public double TokensPerSecond => Seconds > 0 ? Tokens / Seconds : 0;

    /// <summary>Tokens a bar is drawn for; a question is too short for one.</summary>
    private const int BarFrom = 256;

    /// <summary>Appends tokens to a conversation, under a progress bar where they are many.</summary>
    public static Prefill Run(
        Terminal terminal,
        Conversation conversation,
        ReadOnlyMemory<int> tokens,
        CancellationToken cancellationToken,
        string title = "reading")
    {
        long start = Stopwatch.GetTimestamp();
        if (tokens.Length < BarFrom)
        {
            conversation.Append(tokens, cancellationToken: cancellationToken);
        }
        else
        {
            ProgressBars.Run(terminal, title, progress =>
            {
                conversation.Append(tokens, done => progress((double)done / tokens.Length), cancellationToken);
                return true;
            });
        }

        return new Prefill(tokens.Length, Stopwatch.GetElapsedTime(start).TotalSeconds);
    }

    /// <summary>Both together.</summary>
    public static Prefill operator +(Prefill a, Prefill b) => new(a.Tokens + b.Tokens, a.Seconds + b.Seconds);
}
