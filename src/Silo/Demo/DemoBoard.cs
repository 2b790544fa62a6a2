namespace KVCluster.Silo.Demo;

/// <summary>Where one way stands; written by many conversations at once.</summary>
internal sealed class DemoBoard(DemoWay way, int conversations, int questions)
{
    private readonly Lock _gate = new();
    private double _firstTokenSeconds;

    public DemoWay Way { get; } = way;

    public int Conversations { get; } = conversations;

    /// <summary>Questions there are in all.</summary>
    public int Questions { get; } = questions;

    /// <summary>What is being done.</summary>
    public string Phase { get; set; } = "";

    public int Read { get; private set; }

    public int Asked { get; private set; }

    public int Right { get; private set; }

    public int Refused { get; private set; }

    public int Hits { get; private set; }

    public int Rebuilt { get; private set; }

    public int AnswerTokens { get; private set; }

    public double FirstTokenSeconds
    {
        get
        {
            lock (_gate)
            {
                return Asked > Refused ? _firstTokenSeconds / (Asked - Refused) : 0;
            }
        }
    }

    public void DocumentRead()
    {
        lock (_gate)
        {
            Read++;
        }
    }

    public void Answered(bool right, bool hit, int tokens, double firstTokenSeconds)
    {
        lock (_gate)
        {
            Asked++;
            Right += right ? 1 : 0;
            Hits += hit ? 1 : 0;
            Rebuilt += hit ? 0 : 1;
            AnswerTokens += tokens;
            _firstTokenSeconds += firstTokenSeconds;
        }
    }

    public void TurnRefused()
    {
        lock (_gate)
        {
            Asked++;
            Refused++;
        }
    }
}
