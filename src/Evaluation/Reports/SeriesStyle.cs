namespace KVCluster.Evaluation.Reports;

/// <summary>How a policy is drawn, the same in every picture: colour, and where colours run out the dashes of its line.</summary>
internal readonly record struct SeriesStyle(string Colour, string Dashes)
{
    // Middle tones that can be told apart on white and on black, also by most who see colours differently.
    private static readonly string[] s_colours =
        ["#3b82c4", "#e07b20", "#2f9e6e", "#c94f7c", "#8b6fd0", "#a8871c", "#1fa3b5", "#d2524a", "#7a8a3a", "#9a6b54"];

    private static readonly string[] s_dashes = ["", "6 4", "2 3", "10 3 2 3"];

    public string DashAttribute => Dashes.Length == 0 ? "" : $" stroke-dasharray=\"{Dashes}\"";

    /// <summary>The style of the n-th policy.</summary>
    public static SeriesStyle Of(int number) =>
        new(s_colours[number % s_colours.Length], s_dashes[number / s_colours.Length % s_dashes.Length]);
}
