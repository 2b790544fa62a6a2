using Spectre.Console;

namespace KVCluster.Silo.Terminals;

/// <summary>A bar on standard error while something long runs; nothing where standard error is redirected.</summary>
internal static class ProgressBars
{
    /// <summary>Runs <paramref name="work"/>, which reports fractions of 0 to 1.</summary>
    public static T Run<T>(Terminal terminal, string title, Func<Action<double>, T> work)
    {
        if (!terminal.ErrorIsConsole)
        {
            return work(_ => { });
        }

        return terminal.ErrorConsole.Progress()
            .AutoClear(true)
            .HideCompleted(false)
            .Columns(new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn(), new ElapsedTimeColumn())
            .Start(context =>
            {
                ProgressTask task = context.AddTask(Markup.Escape(title), maxValue: 1);
                return work(fraction => task.Value = fraction);
            });
    }
}
