using System.Text.Json;
using KVCluster.Inference.Sampling;
using KVCluster.Inference.Sampling.Constraints;
using KVCluster.Inference.Tokenization;
using KVCluster.TestSupport;

namespace KVCluster.Inference.Tests.Sampling.Constraints;

public class TokenConstraintTests
{
    private static readonly Tokenizer Words = Tokenizer.FromHuggingFace(TestPaths.Needle);
    private static readonly TokenGrammars Grammars = new(Words, new HashSet<int> { Words.EosId!.Value });

    [Fact]
    public void Whatever_the_logits_the_answer_is_json_of_the_schema()
    {
        using JsonDocument schema = JsonDocument.Parse("""
            {"type":"object","properties":{"city":{"type":"string","maxLength":12},"count":{"type":"integer"},
             "kind":{"enum":["a","b"]},"list":{"type":"array","items":{"type":"boolean"},"maxItems":3}},"required":["city","count","kind","list"]}
            """);
        TokenGrammar grammar = Grammars.JsonSchema(schema.RootElement);
        for (int seed = 0; seed < 20; seed++)
        {
            string text = Generate(grammar, seed, 400);

            JsonElement answer = JsonDocument.Parse(text).RootElement;
            Assert.True(answer.GetProperty("city").GetString()!.Length <= 24);
            Assert.True(answer.GetProperty("count").TryGetInt64(out _));
            Assert.Contains(answer.GetProperty("kind").GetString(), (string[])["a", "b"]);
            Assert.True(answer.GetProperty("list").GetArrayLength() <= 3);
        }
    }

    [Fact]
    public void A_finished_answer_can_only_end()
    {
        using JsonDocument schema = JsonDocument.Parse("""{"const":true}""");
        var sampler = new Sampler(new SamplingOptions { Grammar = Grammars.JsonSchema(schema.RootElement) }, Words.VocabularySize);
        float[] logits = new float[Words.VocabularySize];
        string text = "";
        for (int token = sampler.Sample(logits).Token; token != Words.EosId; token = sampler.Sample(logits).Token)
        {
            text += Words.Decode([token]);
        }

        Assert.Equal("true", text);
        Assert.Equal(Words.EosId, sampler.Sample(logits).Token);
    }

    [Fact]
    public void The_mask_is_that_of_trying_every_token()
    {
        Grammar grammar = JsonSchemaGrammar.AnyObject();
        TokenConstraint constraint = Grammars.JsonObject().Begin();
        foreach (int token in Words.Encode("{\"ab\": [1, \"", parseSpecial: false))
        {
            constraint.Accept(token);
        }

        float[] logits = new float[Words.VocabularySize];
        constraint.Apply(logits);

        for (int token = 0; token < logits.Length; token++)
        {
            var automaton = new GrammarAutomaton(grammar);
            GrammarState state = automaton.Start;
            foreach (byte value in (ReadOnlySpan<byte>)[.. "{\"ab\": [1, \""u8, .. Words.TokenBytes(token)])
            {
                state = automaton.Next(state, value);
            }

            bool allowed = !Words.IsSpecial(token) && Words.TokenBytes(token).Length > 0 && !state.IsDead;
            Assert.Equal(allowed, float.IsFinite(logits[token]));
        }
    }

    [Fact]
    public void Penalties_and_biases_change_what_is_picked()
    {
        float[] logits = [0, 1, 0.5f];
        var presence = new Sampler(new SamplingOptions { PresencePenalty = 0.8f }, 3);
        var frequency = new Sampler(new SamplingOptions { FrequencyPenalty = 0.3f }, 3);
        var biased = new Sampler(new SamplingOptions { LogitBias = new Dictionary<int, float> { [0] = 5 } }, 3);

        Assert.Equal([1, 2, 1, 1], Enumerable.Range(0, 4).Select(_ => presence.Sample(logits).Token));
        Assert.Equal([1, 1, 2, 1], Enumerable.Range(0, 4).Select(_ => frequency.Sample(logits).Token));
        Assert.Equal(0, biased.Sample(logits).Token);
        Assert.Throws<InputException>(() => new Sampler(new SamplingOptions { LogitBias = new Dictionary<int, float> { [3] = 1 } }, 3));
    }

    private static string Generate(TokenGrammar grammar, int seed, int most)
    {
        var sampler = new Sampler(new SamplingOptions { Grammar = grammar, Temperature = 1, Seed = (ulong)seed }, Words.VocabularySize);
        var random = new Random(seed);
        float[] logits = new float[Words.VocabularySize];
        List<int> tokens = [];
        while (tokens.Count < most)
        {
            for (int i = 0; i < logits.Length; i++)
            {
                logits[i] = random.NextSingle() * 3;
            }

            int token = sampler.Sample(logits).Token;
            if (token == Words.EosId)
            {
                return Words.Decode(tokens.ToArray());
            }

            tokens.Add(token);
        }

        throw new InvalidOperationException("the answer did not end");
    }
}
