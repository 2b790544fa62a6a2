using System.Text.Json;
using KVCluster.TestSupport;
using Xunit.Abstractions;

namespace KVCluster.Worker.Tests.Goldens;

/// <summary>SmolLM2's conversations of several turns: what is appended, what is answered, how long the cache gets.</summary>
[Trait("Category", "Goldens")]
public sealed class MultiturnGoldens(ITestOutputHelper output)
{
    private const string File = "smollm2/multiturn.json";

    /// <summary>Twice the README's tolerance of a logit: a gap is the difference of two.</summary>
    private const double GapTolerance = 4e-3;

    [GoldenFact(File, needsSmolLm2: true)]
    public void Conversations_are_the_references_token_by_token()
    {
        JsonElement[] conversations = [.. GoldenFiles.Json(File).GetProperty("conversations").EnumerateArray()];
        int longest = conversations.Max(c => c.GetProperty("stream_ids").GetArrayLength());
        using LocalModel model = GoldenFiles.OpenSmolLm2(longest + 256);
        var framing = new ChatFraming(model);
        int turns = 0;
        int nearTies = 0;
        foreach (JsonElement golden in conversations)
        {
            var conversation = new Conversation(model);
            try
            {
                bool ended = false;
                foreach (JsonElement turn in golden.GetProperty("turns").EnumerateArray())
                {
                    string what = $"seed {golden.GetProperty("seed")}, turn '{turn.GetProperty("question")}'";
                    int[] appended = Framed(framing, golden, turn, conversation.Tokens.Count == 0, ended);
                    Assert.Equal(GoldenFiles.Integers(turn.GetProperty("append_ids")), appended);
                    conversation.Append(appended);
                    nearTies += Answer(ref conversation, turn, what) == AnswerOutcome.NearTie ? 1 : 0;
                    Assert.Equal(turn.GetProperty("cache_length_after").GetInt32(), conversation.Tokens.Count);
                    ended = turn.GetProperty("ended").GetBoolean();
                    turns++;
                }

                Assert.Equal(GoldenFiles.Integers(golden.GetProperty("stream_ids")), conversation.Tokens);
            }
            finally
            {
                conversation.Dispose();
            }
        }

        Assert.True(turns > 0);
        output.WriteLine($"{turns} turns of {conversations.Length} conversations, {nearTies} left at a near tie");
    }

    private static int[] Framed(ChatFraming framing, JsonElement golden, JsonElement turn, bool first, bool ended)
    {
        string question = turn.GetProperty("question").GetString()!;
        return first
            ? framing.FirstTurn(golden.GetProperty("system").GetString(), null, question).Question
            : framing.NextTurn(question, ended);
    }

    private static AnswerOutcome Answer(ref Conversation conversation, JsonElement turn, string what)
    {
        JsonElement gaps = turn.GetProperty("second_ids_and_gaps");
        return AnswerCheck.Follow(
            ref conversation,
            GoldenFiles.Integers(turn.GetProperty("answer_ids")),
            what,
            (step, gap) => Assert.Equal(gaps[step][1].GetDouble(), gap, GapTolerance));
    }
}
