using System.Text;

namespace PodExecutor.Agent.Images.Verbs;

/// <summary>The simple half of docker's --format: <c>{{.Field}}</c>, <c>{{index .RepoDigests 0}}</c>, <c>{{json .}}</c>-free. What is more is refused by name.</summary>
internal static class GoTemplate
{
    /// <exception cref="ImageException">An action or a field that is not known.</exception>
    public static string Expand(string template, IReadOnlyDictionary<string, string> fields)
    {
        var result = new StringBuilder();
        var at = 0;
        while (template.IndexOf("{{", at, StringComparison.Ordinal) is >= 0 and var open)
        {
            var close = template.IndexOf("}}", open, StringComparison.Ordinal);
            if (close < 0)
            {
                throw new ImageException($"--format {template}: a {{{{ is not closed.", ImageExit.Usage);
            }

            result.Append(template, at, open - at).Append(Value(template[(open + 2)..close].Trim(' ', '-'), fields));
            at = close + 2;
        }

        return result.Append(template, at, template.Length - at).Replace("\\t", "\t").Replace("\\n", "\n").ToString();
    }

    private static string Value(string action, IReadOnlyDictionary<string, string> fields)
    {
        var parts = action.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        var name = parts switch
        {
            [var field] when field.StartsWith('.') => field[1..],
            ["index", var field, "0"] when field.StartsWith('.') => field[1..],
            _ => action,
        };
        return fields.TryGetValue(name, out var value)
            ? value
            : throw new ImageException($"--format: {{{{{action}}}}} is not known here. Known fields: {string.Join(", ", fields.Keys.Select(k => "." + k))}.", ImageExit.Usage);
    }
}
