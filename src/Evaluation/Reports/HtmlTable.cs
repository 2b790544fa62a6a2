using System.Text;

namespace KVCluster.Evaluation.Reports;

/// <summary>A table: the first column names, all others numbers.</summary>
internal static class HtmlTable
{
    public static string Of(IReadOnlyList<string> head, IEnumerable<IReadOnlyList<string>> rows)
    {
        var text = new StringBuilder("<div class=\"scroll\"><table>\n<thead><tr>");
        foreach (string cell in head)
        {
            text.Append($"<th scope=\"col\">{Markup.Escape(cell)}</th>");
        }

        text.Append("</tr></thead>\n<tbody>\n");
        foreach (IReadOnlyList<string> row in rows)
        {
            text.Append($"<tr><th scope=\"row\">{Markup.Escape(row[0])}</th>");
            foreach (string cell in row.Skip(1))
            {
                text.Append($"<td>{Markup.Escape(cell)}</td>");
            }

            text.Append("</tr>\n");
        }

        return text.Append("</tbody></table></div>\n").ToString();
    }
}
