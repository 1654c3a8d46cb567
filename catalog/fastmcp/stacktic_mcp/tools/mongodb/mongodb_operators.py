"""The stages and operators that a query of MongoDB may use.

In: nothing.
Out: names of MongoDB's own words that read documents and work values out.
Must not know: how a query is read.

Not among them: what runs code ($where, $function, $accumulator), what writes ($out, $merge), what
looks at the server ($currentOp, $listSessions, $indexStats, $planCacheStats …), what waits
($changeStream), and what is MongoDB's own ($_internal…).
"""

from __future__ import annotations

from typing import Final

_STAGES: Final = """
$addFields $bucket $bucketAuto $count $densify $facet $fill $graphLookup $group $limit $lookup
$match $project $redact $replaceRoot $replaceWith $sample $set $setWindowFields $skip $sort
$sortByCount $unionWith $unset $unwind
"""

_QUERIES: Final = """
$all $and $bitsAllClear $bitsAllSet $bitsAnyClear $bitsAnySet $elemMatch $eq $exists $expr $gt $gte
$in $lt $lte $mod $ne $nin $nor $not $options $or $regex $size $type
"""

_EXPRESSIONS: Final = """
$abs $acos $add $addToSet $allElementsTrue $anyElementTrue $arrayElemAt $arrayToObject $asin $atan
$atan2 $avg $binarySize $bottom $bottomN $bsonSize $ceil $cmp $concat $concatArrays $cond $convert
$cos $count $covariancePop $covarianceSamp $dateAdd $dateDiff $dateFromParts $dateFromString
$dateSubtract $dateToParts $dateToString $dateTrunc $dayOfMonth $dayOfWeek $dayOfYear
$degreesToRadians $denseRank $derivative $divide $documentNumber $exp $expMovingAvg $filter $first
$firstN $floor $getField $hour $ifNull $indexOfArray $indexOfBytes $indexOfCP $integral $isArray
$isNumber $isoDayOfWeek $isoWeek $isoWeekYear $last $lastN $let $linearFill $literal $ln $locf $log
$log10 $ltrim $map $max $maxN $median $mergeObjects $meta $millisecond $min $minN $minute $month
$multiply $objectToArray $percentile $pow $push $radiansToDegrees $range $rank $reduce $regexFind
$regexFindAll $regexMatch $replaceAll $replaceOne $reverseArray $round $rtrim $second $setDifference
$setEquals $setField $setIntersection $setIsSubset $setUnion $shift $sin $slice $sortArray $split
$sqrt $stdDevPop $stdDevSamp $strLenBytes $strLenCP $strcasecmp $substr $substrBytes $substrCP
$subtract $sum $switch $tan $toBool $toDate $toDecimal $toDouble $toInt $toLong $toLower $toObjectId
$toString $toUpper $top $topN $trim $trunc $tsIncrement $tsSecond $type $unsetField $week $year $zip
"""

STAGES = frozenset(_STAGES.split())
OPERATORS = frozenset(_QUERIES.split()) | frozenset(_EXPRESSIONS.split())
