using KVCluster.Inference.Sampling;

namespace KVCluster.Worker.Tests;

/// <summary>How answers are picked, cut and ended.</summary>
public sealed class GenerationTests(NeedleFixture needle) : IClassFixture<NeedleFixture>
{
    [Fact]
    public void A_stop_string_ends_the_answer_before_it()
    {
        using Conversation conversation = needle.Asked();

        // Spans several tokens, and text that only begins like it is held back and then shown.
        Completion completion = NeedleFixture.Run(conversation, NeedleFixture.Greedy with { StopStrings = ["falcon is 4", "code fox"] });
        Assert.Equal(FinishReason.StopString, completion.Reason);
        Assert.Equal("falcon is 4", completion.StopString);
        Assert.Equal("The gate code for amber-", completion.Text);
        Assert.StartsWith("The gate code for amber-falcon is 4", needle.Model.Tokenizer.Decode([.. completion.Tokens]));
    }

    [Fact]
    public void Text_held_back_for_a_stop_string_comes_with_the_last_token()
    {
        using Conversation conversation = needle.Asked();
        Completion completion = NeedleFixture.Run(conversation, NeedleFixture.Greedy with { StopStrings = ["48213. And then"] });
        Assert.Equal(FinishReason.EndToken, completion.Reason);
        Assert.Equal(NeedleFixture.Answer, completion.Text);
        Assert.Null(completion.StopString);
    }

    [Fact]
    public void Log_probabilities_are_those_of_the_distribution()
    {
        using Conversation conversation = needle.Asked();
        foreach (GeneratedPiece piece in conversation.Generate(NeedleFixture.Greedy with { LogProbabilities = 3 }))
        {
            Assert.Equal(3, piece.TopLogProbabilities.Count);
            Assert.Equal(piece.Token, piece.TopLogProbabilities[0].Token);
            Assert.Equal(piece.LogProbability, piece.TopLogProbabilities[0].LogProbability);
            Assert.InRange(piece.LogProbability!.Value, -1, 0);
            Assert.True(piece.TopLogProbabilities[1].LogProbability >= piece.TopLogProbabilities[2].LogProbability);
        }

        foreach (GeneratedPiece piece in conversation.Generate(NeedleFixture.Greedy with { MaxTokens = 1 }))
        {
            Assert.Null(piece.LogProbability);
            Assert.Empty(piece.TopLogProbabilities);
        }
    }

    [Fact]
    public void A_seed_gives_the_same_answer_again()
    {
        SamplingOptions hot = NeedleFixture.Greedy with { Temperature = 3, MaxTokens = 24 };
        using Conversation first = needle.Asked();
        using Conversation second = first.Fork();
        using Conversation third = first.Fork();
        Completion drawn = NeedleFixture.Run(first, hot);
        Assert.Equal(drawn.Tokens, NeedleFixture.Run(second, hot with { Seed = drawn.Seed }).Tokens);
        Assert.NotEqual(drawn.Tokens, NeedleFixture.Run(third, hot with { Seed = drawn.Seed + 1 }).Tokens);
    }

    [Fact]
    public void The_repetition_penalty_knows_the_prompt()
    {
        using Conversation conversation = needle.Asked();
        int[] prompt = [.. conversation.Tokens];
        Completion completion = NeedleFixture.Run(conversation, NeedleFixture.Greedy with { RepetitionPenalty = 1e6f, MaxTokens = 4 });
        Assert.DoesNotContain(completion.Tokens, token => prompt.Contains(token));
    }

    [Fact]
    public void A_reader_that_stops_reading_ends_the_answer()
    {
        using Conversation conversation = needle.Asked();
        using Conversation whole = conversation.Fork();
        var read = new List<int>();
        foreach (GeneratedPiece piece in conversation.Generate(NeedleFixture.Greedy))
        {
            read.Add(piece.Token);
            if (read.Count == 3)
            {
                break;
            }
        }

        Assert.Equal(FinishReason.Cancelled, conversation.LastCompletion!.Reason);
        Assert.Equal(read, conversation.LastCompletion.Tokens);
        Assert.Equal(NeedleFixture.Run(whole).Tokens, read.Concat(NeedleFixture.Run(conversation).Tokens));
    }

    [Fact]
    public void Cancellation_ends_the_answer_between_two_tokens()
    {
        using Conversation conversation = needle.Asked();
        using var cancel = new CancellationTokenSource();
        int pieces = 0;
        foreach (GeneratedPiece _ in conversation.Generate(NeedleFixture.Greedy, cancel.Token))
        {
            pieces++;
            cancel.Cancel();
        }

        Assert.Equal(1, pieces);
        Assert.Equal(FinishReason.Cancelled, conversation.LastCompletion!.Reason);
        Assert.EndsWith("gate code for amber-falcon is 48213.", NeedleFixture.Run(conversation).Text);
    }

    [Fact]
    public void Decoding_allocates_no_more_than_its_pieces()
    {
        using Conversation conversation = needle.Asked();
        SamplingOptions options = NeedleFixture.Greedy with { MaxTokens = 400, Temperature = 50, Seed = 3 };
        using IEnumerator<GeneratedPiece> pieces = conversation.Generate(options).GetEnumerator();
        for (int i = 0; i < 100; i++)
        {
            Assert.True(pieces.MoveNext());
        }

        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 100; i++)
        {
            Assert.True(pieces.MoveNext());
        }

        // The pieces' own short strings, and pages' lists growing now and then.
        long perToken = (GC.GetAllocatedBytesForCurrentThread() - before) / 100;
        Assert.InRange(perToken, 0, 512);
    }
}
