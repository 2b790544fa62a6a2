using System.Globalization;

namespace KVCluster.Dashboard.Tests.Telemetry;

/// <summary>A scrape of <c>/metrics</c>, read.</summary>
internal sealed class Scrape
{
    private Scrape(string text) => Text = text;

    public string Text { get; }

    /// <summary>Families: name and type.</summary>
    public Dictionary<string, string> Families { get; } = new(StringComparer.Ordinal);

    /// <summary>Samples: name, labels as written, value.</summary>
    public List<(string Name, string Labels, double Value)> Samples { get; } = [];

    public static async Task<Scrape> OfAsync(HttpClient http) => Parse(await http.GetStringAsync("/metrics"));

    public static Scrape Parse(string text)
    {
        var scrape = new Scrape(text);
        foreach (string line in text.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            string[] words = line.Split(' ');
            if (words[0] == "#")
            {
                if (words[1] == "TYPE")
                {
                    scrape.Families.Add(words[2], words[3]);
                }

                continue;
            }

            int space = line.LastIndexOf(' ');
            int brace = line.IndexOf('{', StringComparison.Ordinal);
            string name = brace < 0 ? line[..space] : line[..brace];
            string labels = brace < 0 ? "" : line[(brace + 1)..(space - 1)];
            scrape.Samples.Add((name, labels, double.Parse(line[(space + 1)..].Replace("+Inf", "Infinity", StringComparison.Ordinal), CultureInfo.InvariantCulture)));
        }

        return scrape;
    }

    /// <summary>The sum of a name's samples whose labels have all these parts.</summary>
    public double Sum(string name, params string[] parts) =>
        Samples.Where(s => s.Name == name && parts.All(p => s.Labels.Contains(p, StringComparison.Ordinal))).Sum(s => s.Value);
}
