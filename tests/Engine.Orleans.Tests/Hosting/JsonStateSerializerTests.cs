using System.Text;
using System.Text.Json;

namespace KVCluster.Engine.Hosting.Tests.Hosting;

public sealed class JsonStateSerializerTests
{
    private readonly JsonStateSerializer _serializer = new();

    [Fact]
    public void A_state_comes_back_as_it_was_and_its_text_names_no_type()
    {
        BinaryData stored = _serializer.Serialize(new State { Tokens = [1, 2, 255], Epoch = long.MaxValue });
        Assert.DoesNotContain("$type", stored.ToString(), StringComparison.Ordinal);
        State loaded = _serializer.Deserialize<State>(stored);
        Assert.Equal([1, 2, 255], loaded.Tokens);
        Assert.Equal(long.MaxValue, loaded.Epoch);
    }

    [Theory]
    [InlineData("null")]
    [InlineData("{\"Epoch\":")]
    [InlineData("[]")]
    public void Text_that_is_no_state_is_an_error(string text) =>
        Assert.Throws<JsonException>(() => _serializer.Deserialize<State>(new BinaryData(Encoding.UTF8.GetBytes(text))));

    public sealed class State
    {
        public byte[] Tokens { get; set; } = [];

        public long Epoch { get; set; }
    }
}
