using PodExecutor.Driver.Pipelines.Rules;

namespace PodExecutor.Driver.Pipelines.Files;

/// <summary>when and rules.</summary>
internal static class RuleReader
{
    public static JobWhen? When(ValueReader values, YamlEntry? entry) =>
        values.OneOf(entry, "on_success", "on_failure", "always", "manual", "delayed", "never") switch
        {
            "on_failure" => JobWhen.OnFailure,
            "always" => JobWhen.Always,
            "manual" => JobWhen.Manual,
            "never" => JobWhen.Never,
            null => null,
            _ => JobWhen.OnSuccess,
        };

    public static IReadOnlyList<RuleRequest>? Rules(ValueReader values, YamlEntry? entry)
    {
        if (ValueReader.IsAbsent(entry))
        {
            return null;
        }

        var rules = new List<RuleRequest>();
        Collect(values, entry!.Value is YamlList list ? list : new YamlList(entry.Place, [entry.Value]), rules);
        return rules;
    }

    private static void Collect(ValueReader values, YamlList list, List<RuleRequest> rules)
    {
        foreach (var item in list.Items)
        {
            switch (item)
            {
                // !reference in a list gives a list in it.
                case YamlList inner:
                    Collect(values, inner, rules);
                    break;
                case YamlMap map:
                    rules.Add(One(values, map));
                    break;
                default:
                    values.Problems.Error(item.Place, $"rules: this is {item.Kind}, each rule is a mapping, for example \"- if: $CI_COMMIT_BRANCH\"");
                    break;
            }
        }
    }

    private static RuleRequest One(ValueReader values, YamlMap map)
    {
        foreach (var entry in map.Entries)
        {
            switch (entry.Key)
            {
                case "if" or "when" or "allow_failure" or "variables":
                    break;
                case "changes" or "exists":
                    values.Problems.Error(entry.Place, $"rules: {entry.Key} is not evaluated: try sees a working copy, not a push. Write the rule as if");
                    break;
                case "needs":
                    values.Problems.Error(entry.Place, "rules: needs is not supported. Write needs into the job");
                    break;
                case "interruptible" or "start_in":
                    values.Problems.Ignored(entry.Place, $"rules: {entry.Key}: {KnownKeys.Ignored[entry.Key]}");
                    break;
                default:
                    values.Problems.Error(entry.Place, $"rules: {entry.Key} is not a keyword that try knows. Known: if, when, allow_failure, variables");
                    break;
            }
        }

        return new RuleRequest(
            map.Place, Expression(values, map.Find("if")), When(values, map.Find("when")), values.Flag(map.Find("allow_failure")), VariableReader.Read(values, map.Find("variables")));
    }

    private static RuleExpression? Expression(ValueReader values, YamlEntry? entry)
    {
        if (values.Text(entry) is not { } text)
        {
            return null;
        }

        try
        {
            return RuleExpression.Parse(text);
        }
        catch (FormatException e)
        {
            values.Problems.Error(entry!.Place, $"rules: if: {text}: {e.Message}");
            return null;
        }
    }
}
