using System.Text.Json;
using KVCluster.Silo.Tests.Gateway;

namespace KVCluster.Silo.Tests.Verbs;

/// <summary>The session verb against a server.</summary>
public sealed class SessionVerbTests(TestServer server) : IClassFixture<TestServer>
{
    private CommandRun Run(params string[] args) => CommandRun.Of(["session", .. args, "--server", server.Host.Address.ToString()]);

    [Fact]
    public void A_session_is_carried_through_a_file_pinned_and_closed()
    {
        using var folder = new TemporaryFolder();
        string file = Path.Combine(folder.Path, "notes.json");
        Run("new", "--id", "verb-a", "--json").Json();
        JsonElement said = Run("say", "verb-a", "The gate code for amber-falcon is 48213. What is the gate code for amber-falcon?", "--json").Json();
        Assert.Contains("48213", said.GetProperty("text").GetString(), StringComparison.Ordinal);

        Assert.Equal(0, Run("export", "verb-a", file).ExitCode);
        JsonElement imported = Run("import", "verb-b", file, "--json").Json();
        JsonElement history = Run("history", "verb-b", "--json").Json();
        JsonElement pinned = Run("pin", "verb-a", "--seconds", "60", "--json").Json();

        Assert.Equal(1, imported.GetProperty("turns").GetInt32());
        Assert.Contains("48213", history.GetProperty("text").GetString(), StringComparison.Ordinal);
        Assert.True(pinned.TryGetProperty("pinned_until", out _));
        Assert.Equal(0, Run("close", "verb-b").ExitCode);
        Run("say", "verb-b", "x").AssertRefused("closed");
        Run("say", "verb-c", "x").AssertRefused("no such session");
    }

    [Fact]
    public void A_cut_session_shows_what_each_layer_keeps()
    {
        Run("new", "--id", "verb-cut", "--json").Json();
        Run("say", "verb-cut", string.Concat(Enumerable.Repeat("The wind came from the school at noon. ", 20)), "--max-tokens", "2", "--json").Json();

        CommandRun cut = Run("compress", "verb-cut", "--keep", "0.5", "--policy", "streaming-llm");

        Assert.Equal(0, cut.ExitCode);
        Assert.Contains("layer 0", cut.Output, StringComparison.Ordinal);
        Assert.Contains("streaming-llm", cut.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_that_is_none_is_refused_in_the_servers_words()
    {
        using var folder = new TemporaryFolder();
        Run("import", "verb-none", folder.Write("x.json", "{}")).AssertRefused("session file");
        Run("import", "verb-none", "/no/such/file").AssertRefused("/no/such/file");
        Run("pin", "verb-none", "--seconds", "99999999").AssertRefused("seconds");
        Run("say", "verb-none", "x", "--temperature", "NaN").AssertRefused("--temperature", "NaN");
    }
}
