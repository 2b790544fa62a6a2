using KVCluster.TestSupport;

namespace KVCluster.Silo.Tests.Verbs;

/// <summary>Each fault gives exit code 2 and one line that names it.</summary>
public class BadInputTests
{
    [Fact]
    public void A_missing_model_is_named() =>
        CommandRun.Of("generate", "--model", "/no/such/model", "--prompt", "Hi").AssertRefused("/no/such/model", "no such file");

    [Fact]
    public void A_folder_without_a_configuration_is_no_model()
    {
        using TemporaryFolder folder = new();
        CommandRun.Of("model", "info", folder.Path).AssertRefused(folder.Path, "config.json");
    }

    [Fact]
    public void A_file_that_is_no_model_is_refused()
    {
        using TemporaryFolder folder = new();
        string path = folder.Write("model.gguf", "this is no model");
        CommandRun.Of("model", "info", path).AssertRefused(path);
        CommandRun.Of("model", "info", path, "--json").AssertRefused(path);
    }

    [Fact]
    public void A_truncated_model_is_refused()
    {
        using TemporaryFolder folder = new();
        foreach (string file in Directory.EnumerateFiles(TestPaths.Needle, "*.json"))
        {
            File.Copy(file, Path.Combine(folder.Path, Path.GetFileName(file)));
        }

        byte[] weights = File.ReadAllBytes(Path.Combine(TestPaths.Needle, "model.safetensors"));
        folder.Write("model.safetensors", weights[..^100]);
        CommandRun.Of("chat", "--model", folder.Path, "--question", "Hello!").AssertRefused("model.safetensors");
    }

    [Theory]
    [InlineData("0")]
    [InlineData("1.5")]
    [InlineData("-0.25")]
    [InlineData("NaN")]
    [InlineData("much")]
    public void A_fraction_outside_its_range_is_refused(string keep)
    {
        using TemporaryFolder folder = new();
        string document = folder.Write("d.txt", "The gate code for amber-falcon is 48213.");
        CommandRun.Of("chat", "--document", document, "--question", "Hi", "--keep", keep).AssertRefused("--keep", keep);
        CommandRun.Of("compare", "--keep", $"0.5,{keep}").AssertRefused("--keep", keep);
    }

    [Theory]
    [InlineData("snappy", "snappy", "kvcompose", "streaming-llm")]
    [InlineData("kvcompose:sinks=4", "sinks", "keep-first", "aggregation")]
    [InlineData("kvcompose:keep-first", "keep-first", "parameter=value", "")]
    [InlineData("kvcompose:aggregation=sum", "sum", "max", "mean")]
    [InlineData("streaming-llm:sinks=-1", "sinks", "-1", "")]
    public void An_unknown_policy_or_parameter_is_named_with_what_is_valid(string policy, params string[] mentioned)
    {
        CommandRun.Of("chat", "--question", "Hi", "--policy", policy).AssertRefused(mentioned);
        CommandRun.Of("compare", "--policy", policy).AssertRefused(mentioned);
    }

    [Fact]
    public void An_unknown_source_of_scores_is_refused() =>
        CommandRun.Of("chat", "--question", "Hi", "--scores", "guessed").AssertRefused("guessed", "replay", "observed", "task");

    [Theory]
    [InlineData("--kv", "f16", "bf16")]
    [InlineData("--threads", "0", "1 or more")]
    [InlineData("--threads", "two", "whole number")]
    [InlineData("--context", "-5", "1 or more")]
    [InlineData("--temperature", "-1", "Temperature")]
    [InlineData("--temperature", "warm", "number")]
    [InlineData("--top-k", "1.5", "whole number")]
    [InlineData("--top-p", "0", "TopP")]
    [InlineData("--min-p", "2", "MinP")]
    [InlineData("--repetition-penalty", "0", "RepetitionPenalty")]
    [InlineData("--seed", "-1", "whole number")]
    [InlineData("--stop", "", "StopStrings")]
    [InlineData("--max-tokens", "0", "MaxTokens")]
    [InlineData("--logprobs", "21", "LogProbabilities")]
    public void An_option_out_of_range_is_refused(string option, string value, string mentioned) =>
        CommandRun.Of("generate", "--model", TestPaths.Needle, "--prompt", "Hi", option, value).AssertRefused(mentioned);

    [Fact]
    public void An_empty_prompt_is_refused()
    {
        using TemporaryFolder folder = new();
        string empty = folder.Write("empty.txt", "\n");
        CommandRun.Of("generate", "--model", TestPaths.Needle, "--prompt", "").AssertRefused("empty");
        CommandRun.With("", typed: false, "generate", "--model", TestPaths.Needle).AssertRefused("empty");
        CommandRun.With("", typed: true, "generate", "--model", TestPaths.Needle).AssertRefused("no prompt");
        CommandRun.Of("generate", "--model", TestPaths.Needle, "--prompt-file", empty).AssertRefused(empty, "empty");
        CommandRun.Of("generate", "--model", TestPaths.Needle, "--prompt", "a", "--prompt-file", empty).AssertRefused("give one");
        CommandRun.Of("chat", "--question", " ").AssertRefused("--question");
        CommandRun.With("\n\n", typed: false, "chat").AssertRefused("no question");
    }

    [Fact]
    public void A_text_that_cannot_be_read_is_named()
    {
        using TemporaryFolder folder = new();
        string bytes = folder.Write("bytes.txt", [0x41, 0xFF, 0xFE, 0x42]);
        CommandRun.Of("chat", "--question", "Hi", "--document", "/no/such/text").AssertRefused("/no/such/text");
        CommandRun.Of("chat", "--question", "Hi", "--document", folder.Path).AssertRefused(folder.Path);
        CommandRun.Of("chat", "--question", "Hi", "--document", bytes).AssertRefused(bytes, "UTF-8");
    }

    [Theory]
    [InlineData("--cold")]
    [InlineData("--data")]
    [InlineData("--tenants")]
    [InlineData("--config")]
    public void A_server_says_which_store_or_file_it_cannot_use(string option)
    {
        using TemporaryFolder folder = new();
        string file = folder.Write("file", "no store");
        string wrong = option is "--cold" or "--data" ? Path.Combine(file, "store") : Path.Combine(folder.Path, "none");
        string data = Path.Combine(folder.Path, "data");
        string[] rest = option is "--data" ? ["--cold", "none"] : ["--data", data];
        CommandRun.Of(["serve", "--url", "http://127.0.0.1:0", option, wrong, .. rest]).AssertRefused(wrong);
    }

    [Fact]
    public async Task A_server_whose_store_another_holds_or_whose_port_is_taken_is_refused()
    {
        using TemporaryFolder folder = new();
        using var held = new Storage.Grains.StateDirectory(Path.Combine(folder.Path, "state"));
        await using var cold = new Storage.Directories.DirectoryBlobStore(
            new() { Path = Path.Combine(folder.Path, "cold"), Budget = new Storage.Blobs.BlobBudget { TotalBytes = 1 << 20 } });
        CommandRun.Of("serve", "--url", "http://127.0.0.1:0", "--data", folder.Path, "--cold", "none").AssertRefused("in use");
        CommandRun.Of("serve", "--url", "http://127.0.0.1:0", "--data", folder.Path).AssertRefused("another process");
        var listener = new System.Net.Sockets.TcpListener(System.Net.IPAddress.Loopback, 0);
        listener.Start();
        string url = $"http://127.0.0.1:{((System.Net.IPEndPoint)listener.LocalEndpoint).Port}";
        CommandRun.Of("serve", "--url", url, "--data", Path.Combine(folder.Path, "other")).AssertRefused(url, "in use");
        listener.Stop();
    }

    [Theory]
    [InlineData("http://127.0.0.1:8080/path")]
    [InlineData("http://127.0.0.1:70000")]
    [InlineData("127.0.0.1:8080")]
    public void An_address_that_cannot_be_listened_on_is_refused(string url)
    {
        using TemporaryFolder folder = new();
        CommandRun.Of("serve", "--url", url, "--data", folder.Path).AssertRefused("Listen:Url", url);
    }

    [Fact]
    public void A_nodes_name_that_no_device_could_be_found_by_is_refused()
    {
        using TemporaryFolder folder = new();
        CommandRun.Of("serve", "--url", "http://127.0.0.1:0", "--data", folder.Path, "--set", "Node:Name=a/b").AssertRefused("Node:Name", "a/b");
    }

    [Fact]
    public void A_cold_store_that_is_not_there_is_not_called_sound()
    {
        using TemporaryFolder folder = new();
        string path = Path.Combine(folder.Path, "none");
        CommandRun.Of("cold", "verify", "--cold", path).AssertRefused(path);
        CommandRun.Of("cold", "stats", "--cold", path).AssertRefused(path);
    }

    [Fact]
    public void A_prompt_longer_than_the_context_is_refused()
    {
        string text = string.Concat(Enumerable.Repeat("The gate code for amber-falcon is 48213. ", 400));
        CommandRun.With(text, typed: false, "generate", "--model", TestPaths.Needle).AssertRefused("context of 4096");
        CommandRun.Of("generate", "--model", TestPaths.Needle, "--prompt", text[..2000], "--context", "64").AssertRefused("arena");
    }

    [Fact]
    public void Options_that_do_not_go_together_are_refused()
    {
        using TemporaryFolder folder = new();
        string document = folder.Write("d.txt", "The gate code for amber-falcon is 48213.");
        CommandRun.Of("chat", "--keep", "0.5", "--question", "Hi").AssertRefused("--document");
        CommandRun.With("", typed: true, "chat", "--json").AssertRefused("--question");
        CommandRun.Of("compare", "--document", document).AssertRefused("--questions");
        CommandRun.Of("compare", "--questions", document).AssertRefused("--document");
        CommandRun.Of("compare", "--document", document, "--questions", document).AssertRefused(document, "question");
        CommandRun.With("", typed: true, "chat", "--document", document, "--keep", "0.5", "--scores", "task").AssertRefused("--question");
    }

    [Theory]
    [InlineData("compare", "--loud")]
    [InlineData("sing", "sing")]
    [InlineData("model", "Required command")]
    [InlineData("generate", "--model")]
    public void What_is_not_understood_is_refused(string verb, string mentioned) =>
        CommandRun.Of(mentioned == "--loud" ? [verb, mentioned] : [verb]).AssertRefused(mentioned, "--help");

    [Fact]
    public void Without_arguments_it_says_what_there_is()
    {
        CommandRun run = CommandRun.Of();
        Assert.Equal(0, run.ExitCode);
        Assert.All(["compare", "chat", "generate", "model"], verb => Assert.Contains(verb, run.Output, StringComparison.Ordinal));
    }
}
