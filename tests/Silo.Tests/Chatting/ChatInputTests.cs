using KVCluster.Inference;
using KVCluster.Silo.Chatting;

namespace KVCluster.Silo.Tests.Chatting;

public class ChatInputTests
{
    [Fact]
    public void Lines_are_questions_unless_they_begin_with_a_slash()
    {
        Assert.Equal(new ChatInput.Question("What is 1/2?"), ChatInput.Parse(" What is 1/2? "));
        Assert.IsType<ChatInput.Nothing>(ChatInput.Parse("  "));
        Assert.IsType<ChatInput.ShowHelp>(ChatInput.Parse("/help"));
        Assert.IsType<ChatInput.ShowStats>(ChatInput.Parse("/stats"));
        Assert.IsType<ChatInput.Leave>(ChatInput.Parse("/exit"));
        Assert.Equal(new ChatInput.Keep(0.25), ChatInput.Parse("/keep  0.25"));
    }

    [Theory]
    [InlineData("/keep")]
    [InlineData("/keep 2")]
    [InlineData("/keep 0")]
    [InlineData("/keep half")]
    [InlineData("/keep 0.5 0.5")]
    [InlineData("/save")]
    [InlineData("/")]
    public void Faulty_commands_are_refused(string line) => Assert.Throws<InputException>(() => ChatInput.Parse(line));
}
